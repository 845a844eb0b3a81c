import {
  type Foundation,
  foundationOn,
  type FoundationOverrides,
} from "../../src/app/foundation.ts";
import { memoryBlobStore } from "../../src/blob/memory.ts";
import { type Config, readConfiguration } from "../../src/config/config.ts";
import { localKeys } from "../../src/keys/local.ts";
import { jsonLog } from "../../src/observe/log.ts";
import type { Database } from "../../src/store/database.ts";
import { NATIVE } from "./crypto-providers.ts";
import { memoryKeyRows, oneMasterKey } from "./local-key-rows.ts";
import { TRUSTED_CLOCKS } from "./trusted-clocks.ts";

/** What a test wants otherwise than the defaults: settings as the configuration holds them, and parts. */
export type FoundationChanges = {
  readonly config?: Partial<Config>;
  readonly overrides?: FoundationOverrides;
};

/** The program's foundation on a test's database, with files and signing keys in memory and the log switched off. */
export async function testFoundation(
  database: Database,
  { config, overrides = {} }: FoundationChanges = {},
): Promise<Foundation> {
  const configuration = readConfiguration({});
  return await foundationOn(database, {
    config: { ...configuration.config, ...config },
    secrets: configuration.secrets,
    log: jsonLog("error", () => {}, Date.now),
    crypto: NATIVE,
    overrides: {
      clocks: TRUSTED_CLOCKS,
      blobs: memoryBlobStore(),
      keys: localKeys({
        rows: memoryKeyRows(),
        masters: oneMasterKey(NATIVE, new Uint8Array(32).fill(7)),
        crypto: NATIVE,
        now: overrides.clock?.now ?? Date.now,
      }),
      ...overrides,
    },
  });
}

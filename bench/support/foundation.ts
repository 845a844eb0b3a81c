import {
  type Foundation,
  foundationOn,
  type FoundationOverrides,
} from "../../src/app/foundation.ts";
import { type Config, readConfiguration } from "../../src/config/config.ts";
import { encodeBase64 } from "../../src/bytes/base64.ts";
import type { Resource } from "../../src/model/resource/kinds.ts";
import { jsonLog } from "../../src/observe/log.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import type { Database } from "../../src/store/database.ts";
import { type ResourceCache, viewOf } from "../../src/store/resource/cache.ts";

/** The program's foundation on a database that a bench has opened, with errors on standard error. */
export async function benchFoundation(
  database: Database,
  config: Partial<Config> = {},
  overrides: FoundationOverrides = {},
): Promise<Foundation> {
  const configuration = readConfiguration({ MASTER_KEY: encodeBase64(new Uint8Array(32)) });
  return await foundationOn(database, {
    config: { ...configuration.config, ...config },
    secrets: configuration.secrets,
    log: jsonLog("warn", (line) => process.stderr.write(`${line}\n`), Date.now),
    crypto: currentRuntime().crypto,
    overrides,
  });
}

/** Resources that never change. */
export function fixedResources(resources: readonly Resource[]): ResourceCache {
  const view = viewOf(1, resources.map((resource) => ({ resource, version: 1 })));
  return { view: () => Promise.resolve(view), fresh: () => Promise.resolve(view) };
}

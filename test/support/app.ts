import { type App, openApp } from "../../src/app.ts";
import {
  type Foundation,
  type FoundationOverrides,
  openFoundation,
} from "../../src/app/foundation.ts";
import { memoryBlobStore } from "../../src/blob/memory.ts";
import type { Clock } from "../../src/model/clock.ts";
import { readConfiguration } from "../../src/config/config.ts";
import { jsonLog } from "../../src/observe/log.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import type { TestDatabase } from "./database.ts";
import { TRUSTED_CLOCKS } from "./trusted-clocks.ts";

/** The whole program in this process: everything but the socket. */
export type TestApp = App & {
  readonly foundation: Foundation;
  /** Lines that it logged. */
  readonly logged: readonly string[];
  /** Sends a request as if it came over the network. */
  fetch(path: string, init?: RequestInit): Promise<Response>;
  close(): Promise<void>;
};

/** The token of its admin API. */
export const ADMIN_TOKEN = "test-admin-token";

/**
 * Opens the program on a test database, with memory in place of the file system. Without `clock` the database may show
 * any time.
 */
export async function openTestApp(
  database: TestDatabase,
  settings: Readonly<Record<string, string>> = {},
  clock?: Clock,
  overrides: FoundationOverrides = {},
): Promise<TestApp> {
  const { config, secrets, shown } = readConfiguration({
    ADMIN_TOKEN,
    MASTER_KEY: "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=",
    ...settings,
  });
  const runtime = currentRuntime();
  const logged: string[] = [];
  const foundation = await openFoundation({
    config,
    secrets,
    shown,
    log: jsonLog("debug", (line) => logged.push(line), Date.now),
    crypto: runtime.crypto,
    owner: "server",
    database: database.address,
    overrides: {
      blobs: memoryBlobStore(),
      ...(clock === undefined ? { clocks: TRUSTED_CLOCKS } : { clock }),
      ...overrides,
    },
  });
  const app = await openApp(foundation, runtime);
  return {
    ...app,
    foundation,
    logged,
    fetch: async (path, init) =>
      await app.handler(new Request(`http://localhost${path}`, init), {}),
    close: async () => {
      await app.stop(1000);
      await foundation.close();
    },
  };
}

/** Sends a request to the admin API. */
export async function admin(
  app: TestApp,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<Response> {
  return await app.fetch(`/admin/api/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${ADMIN_TOKEN}`, ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

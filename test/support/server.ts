import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { applyCommand } from "../../src/cli/apply.ts";
import { runCommand } from "./command-io.ts";
import { databaseSettings, type TestDatabase } from "./database.ts";
import { freePort, startProgram, temporaryFolder } from "./program.ts";

/** A server in a process of its own, with windows of a second, for peers on this machine. */
export type TestServer = {
  readonly url: string;
  readonly database: TestDatabase;
  /** With which commands of this process work on it. */
  readonly settings: Readonly<Record<string, string>>;
  /** Makes agreements. */
  apply(peers: readonly object[]): Promise<void>;
};

/** Starts one; it ends with the test. `origin`: what stands before the port in its URL. */
export async function startServer(
  database: TestDatabase,
  more: Readonly<Record<string, string>> = {},
  origin = "http://127.0.0.1",
): Promise<TestServer> {
  const folder = await temporaryFolder();
  const port = await freePort();
  const url = `${origin}:${port}`;
  const { DATABASE_URL = "", ...driver } = databaseSettings(database.address);
  // The driver reads these from the process itself; all databases of a run are in one cluster.
  Object.assign(process.env, driver);
  const settings = {
    TRUNCATE_WINDOW: "1s",
    WINDOW_GRACE: "1s",
    PEER_ALLOW_PRIVATE: "true",
    LOG_LEVEL: "error",
    DATABASE_URL,
    DATA_DIR: folder,
    PORT: String(port),
    PUBLIC_URL: url,
    ...driver,
    ...more,
  };
  await startProgram(["serve"], { ROLES: "federation", ...settings })
    .line(/Wayfarer serves on/);
  return {
    url,
    database,
    settings,
    apply: async (peers) => {
      const file = join(folder, "peers.json");
      const documents = peers.map((peer) => JSON.stringify({ kind: "Peer", ...peer }));
      await writeFile(file, documents.join("\n---\n"));
      const { status, error } = await runCommand(applyCommand, [file], { env: settings });
      if (status !== 0) throw error ?? new Error("apply failed");
    },
  };
}

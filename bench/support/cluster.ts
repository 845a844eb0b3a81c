import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type SocketAddress } from "../../src/store/embedded/hold.ts";
import { openEmbedded } from "../../src/store/embedded/open.ts";
import { type Database, openDatabase } from "../../src/store/database.ts";
import { migrate } from "../../src/store/migrate.ts";

/** A PostgreSQL of the benchmark's own, as a server starts it: durable, in a folder that goes away. */
export type BenchCluster = {
  readonly address: SocketAddress;
  readonly database: Database;
  readonly folder: string;
  close(): Promise<void>;
};

/** A folder for a data directory. */
export async function benchFolder(): Promise<string> {
  return await mkdtemp(join(tmpdir(), "wayfarer-bench-"));
}

/** Starts it with the newest schema, or joins the one that a server runs in this folder. */
export async function openCluster(folder?: string): Promise<BenchCluster> {
  const dataDirectory = folder ?? await benchFolder();
  const embedded = await openEmbedded({ dataDirectory, owner: "command" });
  if (embedded.address.kind !== "socket") throw new Error("an embedded database has a socket");
  const database = openDatabase({ address: embedded.address, statementTimeoutMs: 10_000 });
  await migrate(database);
  return {
    address: embedded.address,
    database,
    folder: dataDirectory,
    close: async () => {
      await database.close();
      await embedded.stop();
      await rm(dataDirectory, { recursive: true, force: true });
    },
  };
}

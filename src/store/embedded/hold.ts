import { stat } from "node:fs/promises";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import postgres from "postgres";
import { AppError } from "../../errors.ts";
import { type DatabaseAddress, openConnection } from "../database.ts";
import { type Postgres, runs } from "./server-process.ts";

/** The address of an embedded database. */
export type SocketAddress = Extract<DatabaseAddress, { kind: "socket" }>;

/** The right to use an embedded database, held by a database session. */
export type Hold = { release(): Promise<void> };

/** Advisory lock that a server holds while it serves from this database. */
const SERVER_LOCK = 7_265_102;
/** A server that was killed a moment ago may still seem to hold the lock. */
const LOCK_ATTEMPTS = 60;
const POLL_MS = 15;

/**
 * Connects and takes the right to use the database. Undefined while it does not answer and, for a server, while a
 * command that will end soon holds it. Throws `data_directory_unusable` for a server if another server holds it, and
 * `database_unavailable` with the text `refused` for a wrong password.
 */
async function takeHold(
  address: SocketAddress,
  refused: string,
  owner: "server" | "command",
  ours: boolean,
): Promise<Hold | undefined> {
  const sql = openConnection(address);
  const end = () => sql.end({ timeout: 1 });
  try {
    if (owner === "command") {
      await sql`select 1`;
      await end();
      return { release: () => Promise.resolve() };
    }
    for (let attempt = 0; attempt < LOCK_ATTEMPTS; attempt++) {
      const [row] = await sql<{ locked: boolean }[]>`
        select pg_try_advisory_lock(${SERVER_LOCK}) as locked from pg_sleep(${
        attempt === 0 ? 0 : 0.02
      })`;
      if (row?.locked !== true) continue;
      if (ours) return { release: end };
      await end();
      return undefined;
    }
  } catch (error) {
    await end();
    if (isConnectionTrouble(error)) return undefined;
    throw new AppError("database_unavailable", refused, { cause: error });
  }
  await end();
  throw new AppError(
    "data_directory_unusable",
    "another wayfarer serves from this DATA_DIR: stop it, give this one another DATA_DIR, or set DATABASE_URL in both to share one database",
  );
}

/**
 * Waits until the database answers, and takes the right to use it. `child`: the process that this process started.
 * Undefined when the database that it waited for ended; then start over. Throws like {@link takeHold}.
 */
export async function waitForAnswer(
  address: SocketAddress,
  refused: string,
  owner: "server" | "command",
  child: Postgres | undefined,
  deadline: number,
): Promise<Hold | undefined> {
  const state = { ended: false };
  child?.died.then(() => state.ended = true);
  const cluster = address.folder;
  while (performance.now() < deadline) {
    // Attempts to connect before the socket exists would cost more than the start itself.
    if (await exists(join(cluster, ".s.PGSQL.5432"))) {
      const hold = await takeHold(address, refused, owner, child !== undefined);
      if (hold !== undefined) return hold;
    }
    if (state.ended || (child === undefined && !await runs(cluster))) return undefined;
    await delay(POLL_MS);
  }
  return undefined;
}

/** Starting up, shutting down, or not running: worth another try. */
function isConnectionTrouble(error: unknown): boolean {
  if (!(error instanceof postgres.PostgresError)) return true;
  return error.code.startsWith("57P") || error.code.startsWith("53");
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(() => true, () => false);
}

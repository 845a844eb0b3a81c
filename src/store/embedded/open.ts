import { readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../../errors.ts";
import type { Log } from "../../observe/log.ts";
import type { DatabaseAddress } from "../database.ts";
import { diskFullText, fileTrouble } from "./file-trouble.ts";
import { type SocketAddress, waitForAnswer } from "./hold.ts";
import { initialise } from "./initialise.ts";
import { type EmbeddedParts, findPassword, wrongPasswordText } from "./password.ts";
import { type Place, preparePlace } from "./place.ts";
import { COMMON_FOLDER, postgresProgram } from "./program.ts";
import { launch, runs } from "./server-process.ts";
import { type DatabaseUser, databaseUser, giveTo, type UserIds } from "./user.ts";

/** A PostgreSQL in the data directory, started by this process or found running. */
export type Embedded = {
  readonly address: DatabaseAddress;
  /** Resolves with its last error output if the database that we started ends unexpectedly. */
  readonly died: Promise<string>;
  /** Stops the database if this process started it. The data stays. */
  stop(): Promise<void>;
};

/** Options of an embedded database. */
export type EmbeddedOptions = {
  readonly dataDirectory: string;
  /** A `server` refuses to share its data directory with another server; a `command` shares. */
  readonly owner: "server" | "command";
  /** Receives warnings about what is unsafe but works, and what was repaired. */
  readonly log?: Log;
  /** The folder for files that the database's user could not reach elsewhere. Default: /var/lib/wayfarer. */
  readonly commonFolder?: string;
  /** User IDs for databases of root; see {@link databaseUser}. */
  readonly userIds?: UserIds;
  /** False only in tests, because then no data survives a power failure. */
  readonly fsync?: boolean;
  /** The most connections. Default: 64. Tests run many servers on one database. */
  readonly connections?: number;
};

/** The major version of the packaged PostgreSQL: its data directories belong to it. */
const MAJOR_VERSION = "18";
const START_TIMEOUT_MS = 60_000;
/** A start may fail once because another process was faster; if it fails more often, it will always fail. */
const MAX_FAILED_STARTS = 3;

/**
 * Starts the PostgreSQL of the data directory, creating it if there is none, or uses the running one. A pipe that
 * closes however this process ends stops PostgreSQL, so it is never orphaned.
 * Throws `data_directory_unusable` or `database_unavailable` with what to do.
 */
export async function openEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const { commonFolder = COMMON_FOLDER } = options;
  const place = await preparePlace(options.dataDirectory, commonFolder);
  try {
    const program = await postgresProgram(commonFolder);
    const user = await databaseUser(place.cluster, place.base, options.userIds);
    warnOfPlace(options, place, user);
    return await startIn({ program, place, user }, options);
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw await fileTrouble(place.base, cause, place.elsewhere);
  }
}

async function startIn(parts: EmbeddedParts, options: EmbeddedOptions): Promise<Embedded> {
  const { program, place: { base, cluster, passwordFile }, user } = parts;
  if (await exists(join(cluster, "PG_VERSION"))) {
    await refuseOtherMajor(cluster);
    if (!await runs(cluster)) await takeOver(parts, options.log);
  }
  const password = await findPassword(parts, options.log);
  const address: SocketAddress = {
    kind: "socket",
    folder: cluster,
    user: "wayfarer",
    password,
    database: "postgres",
  };
  const refused = await wrongPasswordText(passwordFile, cluster);
  let lastWords = "";
  const deadline = performance.now() + START_TIMEOUT_MS;
  for (let failures = 0; failures < MAX_FAILED_STARTS && performance.now() < deadline;) {
    if (!await exists(join(cluster, "PG_VERSION"))) await initialise(parts, password, options);
    const child = await runs(cluster) ? undefined : launch(program, cluster, user, options);
    const hold = await waitForAnswer(address, refused, options.owner, child, deadline)
      .catch(async (error: unknown) => {
        await child?.stop();
        throw error;
      });
    if (hold !== undefined) {
      return {
        address,
        died: child?.died ?? new Promise(() => {}),
        stop: async () => {
          await hold.release();
          await child?.stop();
        },
      };
    }
    if (child === undefined) continue;
    await child.stop();
    failures++;
    lastWords = child.lastWords();
  }
  throw new AppError(
    "database_unavailable",
    /no space left/i.test(lastWords)
      ? `the embedded database did not start: ${await diskFullText(cluster, base)}`
      : `the embedded database in ${cluster} did not start (${
        lastWords || "no answer in time"
      }): end what else uses the folder, or set DATABASE_URL`,
  );
}

function warnOfPlace(
  { owner, log }: EmbeddedOptions,
  { elsewhere }: Place,
  user: DatabaseUser | undefined,
): void {
  if (owner !== "server") return;
  if (elsewhere !== undefined) log?.warn("database-elsewhere", { folder: elsewhere });
  if (user?.shared !== true) return;
  log?.warn("database-shares-user", {
    uid: user.uid,
    text:
      "the embedded database runs as a user that other programs share, and they could read its files: start wayfarer as " +
      "a user of its own in place of root, or set DATABASE_URL",
  });
}

/** Gives the files of a stopped database to the user that it will run as. */
async function takeOver({ place: { cluster }, user }: EmbeddedParts, log?: Log): Promise<void> {
  if (user === undefined) return;
  const { uid } = await stat(cluster);
  if (uid === user.uid) return;
  await giveTo(user, cluster);
  log?.warn("database-owner-changed", { folder: cluster, from: uid, to: user.uid });
}

async function refuseOtherMajor(cluster: string): Promise<void> {
  const found = (await readFile(join(cluster, "PG_VERSION"), "utf8")).trim();
  if (found !== MAJOR_VERSION) {
    throw new AppError(
      "data_directory_unusable",
      `the embedded database was created by PostgreSQL ${found}, but this program contains ${MAJOR_VERSION}: ` +
        "start the older program again, or save its data with pg_dump over the socket in DATA_DIR/postgres and load it " +
        "into a PostgreSQL that DATABASE_URL names",
    );
  }
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(() => true, () => false);
}

import { randomBytes } from "node:crypto";
import { readFile, rm, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { AppError } from "../../errors.ts";
import type { Log } from "../../observe/log.ts";
import { openConnection } from "../database.ts";
import { errnoOf, pathWithOwner, quoted } from "./file-trouble.ts";
import { waitForAnswer } from "./hold.ts";
import type { Place } from "./place.ts";
import type { PostgresProgram } from "./program.ts";
import { launch, runs } from "./server-process.ts";
import type { DatabaseUser } from "./user.ts";

/** The inputs for starting an embedded database. */
export type EmbeddedParts = {
  readonly program: PostgresProgram;
  readonly place: Place;
  /** Undefined: the database runs as this process's user. */
  readonly user: DatabaseUser | undefined;
};

/** The same limit as for a start. */
const START_TIMEOUT_MS = 60_000;

/**
 * Returns the password of the database's only user from its file, or a new one when there is no database yet. If the
 * file of an existing database is lost, sets a new password; throws `data_directory_unusable` if the database is
 * running.
 */
export async function findPassword(parts: EmbeddedParts, log?: Log): Promise<string> {
  const { cluster, passwordFile } = parts.place;
  // Check in this order, because the file is created before the database.
  const isMade = await exists(join(cluster, "PG_VERSION"));
  if (isMade && !await exists(passwordFile)) {
    const password = await replacePassword(parts);
    log?.warn("database-password-replaced", { file: passwordFile });
    return password;
  }
  await writeNew(passwordFile, newPassword());
  return (await readFile(passwordFile, "utf8")).trim();
}

/** The text for a database that refuses the password in its file. */
export async function wrongPasswordText(passwordFile: string, cluster: string): Promise<string> {
  return `${await pathWithOwner(
    passwordFile,
  )}, does not hold the password of the database in ${cluster}: ` +
    `put the file back from a backup, or stop every wayfarer, run "rm ${
      quoted(passwordFile)
    }" and start again, ` +
    "which gives the database a new password";
}

const newPassword = (): string => randomBytes(24).toString("base64url");

/** Sets the password while the database requires none, then stores it. Other users cannot reach the socket. */
async function replacePassword({ program, place, user }: EmbeddedParts): Promise<string> {
  const { base, cluster, passwordFile } = place;
  const lost = `${passwordFile} is missing`;
  if (await runs(cluster)) {
    throw new AppError(
      "data_directory_unusable",
      `${lost}, and the database in ${await pathWithOwner(
        cluster,
      )}, runs: put the file back from a backup, or stop ` +
        `the wayfarer that serves from DATA_DIR=${base} and start it again, which gives the database a new password`,
    );
  }
  const password = newPassword();
  const trusting = join(cluster, "pg_hba.trusting.conf");
  await writeFile(trusting, "local all all trust\n", { mode: 0o644 });
  const child = launch(program, cluster, user, { accessFile: trusting });
  try {
    const address = {
      kind: "socket",
      folder: cluster,
      user: "wayfarer",
      database: "postgres",
    } as const;
    const trusted = { ...address, password: "" };
    const deadline = performance.now() + START_TIMEOUT_MS;
    const hold = await waitForAnswer(trusted, lost, "command", child, deadline);
    if (hold === undefined) {
      throw new AppError(
        "data_directory_unusable",
        `${lost}, and the database in ${await pathWithOwner(
          cluster,
        )}, does not start, so that it cannot be given a new ` +
          `one (${child.lastWords()}): put the file back from a backup`,
      );
    }
    const sql = openConnection(trusted);
    await sql.unsafe(`alter role wayfarer password '${password}'`);
    await sql.end({ timeout: 1 });
  } finally {
    await child.stop();
    await rm(trusting, { force: true });
  }
  await writeNew(passwordFile, password);
  return password;
}

async function writeNew(path: string, text: string): Promise<void> {
  await writeFile(path, text, { mode: 0o600, flag: "wx" }).catch((error: unknown) => {
    if (errnoOf(error) !== "EEXIST") throw error;
  });
}

async function exists(path: string): Promise<boolean> {
  return await stat(path).then(() => true, (error: unknown) => {
    if (errnoOf(error) === "ENOENT") return false;
    throw error;
  });
}

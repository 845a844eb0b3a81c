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

/** What an embedded database is started from. */
export type EmbeddedParts = {
  readonly program: PostgresProgram;
  readonly place: Place;
  /** Undefined: the database runs as this process does. */
  readonly user: DatabaseUser | undefined;
};

/** Like that of a start. */
const START_TIMEOUT_MS = 60_000;

/**
 * The password of the database's one user: the one in its file, or a new one when there is no database yet. When the
 * file of an existing database is lost, the database is given a new one; throws `data_directory_unusable` while it runs.
 */
export async function findPassword(parts: EmbeddedParts, log?: Log): Promise<string> {
  const { cluster, passwordFile } = parts.place;
  // In this order: the file is there before the database is.
  const isMade = await exists(join(cluster, "PG_VERSION"));
  if (isMade && !await exists(passwordFile)) {
    const password = await replacePassword(parts);
    log?.warn("database-password-replaced", { file: passwordFile });
    return password;
  }
  await writeNew(passwordFile, newPassword());
  return (await readFile(passwordFile, "utf8")).trim();
}

/** That the database refuses the password in its file. */
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

/** Sets it while the database asks nobody for one, and keeps it only when that has worked. Others cannot reach the socket. */
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

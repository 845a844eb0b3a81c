import { spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { chown, mkdir, rename, rm } from "node:fs/promises";
import { AppError } from "../../errors.ts";
import { diskFullText, errnoOf } from "./file-trouble.ts";
import type { EmbeddedParts } from "./password.ts";
import { asUser, exited, POSTGRES_ENV, tail } from "./server-process.ts";
import { giveTo, NOBODY } from "./user.ts";

/**
 * Creates the cluster. initdb looks its user up in /etc/passwd, which does not list our own IDs. So as root, it runs as
 * nobody, and its files are given to the database's user before the first start. Throws `data_directory_unusable`.
 */
export async function initialise(
  { program, place: { base, cluster }, user }: EmbeddedParts,
  password: string,
  { fsync = true }: { readonly fsync?: boolean },
): Promise<void> {
  const part = `${cluster}.${randomBytes(4).toString("hex")}.part`;
  const maker = user && NOBODY;
  try {
    await mkdir(part, { mode: 0o700 });
    if (maker !== undefined) await chown(part, maker.uid, maker.gid);
    // All users could read a password on the command line. initdb cannot open a socket, so use a real pipe.
    const child = spawn("/bin/sh", [
      ...["-c", 'cat | "$0" "$@"', program.initdb],
      ...["-D", part, "-U", "wayfarer", "-E", "UTF8", "--locale=C", "--no-instructions"],
      ...["-A", "scram-sha-256", "--pwfile=/dev/stdin"],
      ...(fsync ? [] : ["--no-sync"]),
    ], { stdio: ["pipe", "ignore", "pipe"], env: POSTGRES_ENV, cwd: "/", ...asUser(maker) });
    child.stdin?.end(`${password}\n`);
    const words = tail(child);
    const status = await exited(child);
    if (status !== 0) {
      throw new AppError(
        "data_directory_unusable",
        /no space left/i.test(words())
          ? `the embedded database could not be created: ${await diskFullText(cluster, base)}`
          : `the embedded database could not be created in ${base} (${
            words() || `initdb ended with ${status}`
          }): set DATA_DIR to another folder, or DATABASE_URL`,
      );
    }
    if (user !== undefined) await giveTo(user, part);
    // Another process may have been faster; then use its cluster.
    await rename(part, cluster).catch((error: unknown) => {
      if (!["ENOTEMPTY", "EEXIST"].includes(errnoOf(error))) throw error;
    });
  } finally {
    await rm(part, { recursive: true, force: true });
  }
}

import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { chmod, mkdir, readFile, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import { AppError } from "../../errors.ts";
import { commonFolderFor, type PostgresProgram, reachableByAll } from "./program.ts";

/** A socket's path is at most 107 bytes (Linux, unix(7)). */
const MAX_SOCKET_PATH = 107;

/** Where a cluster is, and the password of its one user. */
export type Place = {
  readonly cluster: string;
  readonly password: string;
  /** Set when that is not below the data directory. */
  readonly elsewhere?: string;
};

/**
 * Makes the folders of a data directory, and decides where the cluster goes. Throws `data_directory_unusable` when
 * they cannot be written.
 */
export async function preparePlace(
  dataDirectory: string,
  program: PostgresProgram,
): Promise<Place> {
  const base = resolve(dataDirectory);
  try {
    await mkdir(base, { recursive: true, mode: 0o711 });
    if (program.runAs !== undefined) await chmod(base, 0o711);
    const secrets = join(base, "secrets");
    await mkdir(secrets, { recursive: true, mode: 0o700 });
    const password = await secretText(join(secrets, "postgres-password"));
    // Decided once: a folder that becomes reachable later must not hide the data.
    const pointer = join(base, "postgres-is-elsewhere");
    const known = await readFile(pointer, "utf8").catch(() => undefined);
    const local = join(base, "postgres");
    const fits = Buffer.byteLength(join(local, ".s.PGSQL.5432")) <= MAX_SOCKET_PATH;
    const reachable = program.runAs === undefined || await reachableByAll(base);
    if (known === undefined && fits && reachable) return { cluster: local, password };
    const elsewhere = known?.trim() ?? commonFolderFor(base);
    await mkdir(elsewhere, { recursive: true, mode: 0o711 });
    if (known === undefined) await writeFile(pointer, `${elsewhere}\n`);
    return { cluster: join(elsewhere, "postgres"), password, elsewhere };
  } catch (cause) {
    throw new AppError(
      "data_directory_unusable",
      `DATA_DIR ${base} cannot be written (${
        errnoOf(cause)
      }): make it writable, free some space, or set DATA_DIR to another folder`,
      { cause },
    );
  }
}

async function secretText(path: string): Promise<string> {
  try {
    await writeFile(path, randomBytes(24).toString("base64url"), { mode: 0o600, flag: "wx" });
  } catch (error) {
    if (errnoOf(error) !== "EEXIST") throw error;
  }
  return (await readFile(path, "utf8")).trim();
}

/** The system's name of an error, such as ENOSPC; empty when it has none. */
export function errnoOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

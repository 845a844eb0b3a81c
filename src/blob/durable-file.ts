/** Files that are there whole or not at all, also after a crash. */

import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

/** How long a partial file may lie around before it is taken for the leftover of a crash. */
export const LEFTOVER_MS = 3_600_000;

/** How often a folder may be removed by another's delete between making it and moving a file into it. */
const FOLDER_RACES = 10;

/**
 * Writes `bytes` to a new file in `partials`, syncs it, moves it to `path`, and syncs the folder: a crash leaves the
 * old file or the new one. Missing folders are made. The modification time is `nowMs`, or one millisecond past
 * that of the file replaced, whichever is later, so that it differs from that of every predecessor.
 */
export async function writeDurably(
  path: string,
  partials: string,
  bytes: Uint8Array,
  nowMs: number,
): Promise<void> {
  const partial = join(partials, randomUUID());
  try {
    const file = await open(partial, "wx");
    try {
      await file.writeFile(bytes);
      const replaced = await modifiedMs(path);
      // Half a millisecond more: the conversion to seconds and back may round either way.
      const seconds = (Math.max(nowMs, replaced + 1) + 0.5) / 1000;
      await file.utimes(seconds, seconds);
      await file.sync();
    } finally {
      await file.close();
    }
    await moveInto(partial, path);
  } catch (error) {
    await rm(partial, { force: true }).catch(() => {});
    throw error;
  }
}

/** Makes the folder and those above it; each new one survives a crash. */
export async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let folder = path; folder.length >= first.length; folder = dirname(folder)) {
    await syncFolder(dirname(folder));
  }
}

/** Removes files that a crash left in `partials` more than {@link LEFTOVER_MS} before `nowMs`. */
export async function removeLeftovers(partials: string, nowMs: number): Promise<void> {
  for (const name of await readdir(partials)) {
    const path = join(partials, name);
    const modified = await modifiedMs(path);
    if (modified < nowMs - LEFTOVER_MS) await rm(path, { force: true });
  }
}

/** The errno name of a failed system call: `ENOENT` and so on; empty for other errors. */
export function errno(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : "";
}

/** Makes the entries of a folder survive a crash. */
export async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

async function moveInto(partial: string, path: string): Promise<void> {
  for (let race = 1;; race++) {
    try {
      await makeFolder(dirname(path));
      await rename(partial, path);
      return await syncFolder(dirname(path));
    } catch (error) {
      if (errno(error) !== "ENOENT" || race === FOLDER_RACES) throw error;
    }
  }
}

async function modifiedMs(path: string): Promise<number> {
  try {
    return Math.floor((await stat(path)).mtimeMs);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(errno(error))) return 0;
    throw error;
  }
}

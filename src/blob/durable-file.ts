/** Atomic file writes: a file is complete or absent, even after a crash. */

import { randomUUID } from "node:crypto";
import { mkdir, open, readdir, rename, rm, stat } from "node:fs/promises";
import { dirname, join } from "node:path";

/** A partial file older than this counts as left over from a crash. */
export const LEFTOVER_MS = 3_600_000;

/** How often to retry when a concurrent delete removes the folder before the file is moved into it. */
const FOLDER_RACES = 10;

/**
 * Writes `bytes` to a new file in `partials`, syncs it, moves it to `path`, and syncs the folder: a crash leaves the
 * old file or the new one. Creates missing folders. The modification time is `nowMs`, or one millisecond after that
 * of the replaced file if that is later, so no two versions share a modification time.
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
      // Add half a millisecond: the conversion to seconds and back may round either way.
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

/** Creates the folder and its missing parents, and syncs each so that it survives a crash. */
export async function makeFolder(path: string): Promise<void> {
  const first = await mkdir(path, { recursive: true });
  if (first === undefined) return;
  for (let folder = path; folder.length >= first.length; folder = dirname(folder)) {
    await syncFolder(dirname(folder));
  }
}

/** Removes files in `partials` that a crash left more than {@link LEFTOVER_MS} before `nowMs`. */
export async function removeLeftovers(partials: string, nowMs: number): Promise<void> {
  for (const name of await readdir(partials)) {
    const path = join(partials, name);
    const modified = await modifiedMs(path);
    if (modified < nowMs - LEFTOVER_MS) await rm(path, { force: true });
  }
}

/** The errno name of a failed system call, such as `ENOENT`; empty for other errors. */
export function errno(error: unknown): string {
  return error instanceof Error && "code" in error && typeof error.code === "string"
    ? error.code
    : "";
}

/** Syncs a folder, so that its entries survive a crash. */
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

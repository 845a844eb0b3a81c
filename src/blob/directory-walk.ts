/** The names of the files below a folder, in the order of object stores. */

import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { isAbsent } from "./filesystem-failure.ts";
import { isBlobName } from "./name.ts";

/**
 * Names of files below `root` that are a blob's name and start with `prefix`, ascending by their bytes. Holds one
 * folder a level in memory; enters no folder without need; a folder that vanishes meanwhile is empty.
 */
export async function* namesBelow(root: string, prefix: string): AsyncGenerator<string> {
  yield* walk(root, "", prefix);
}

async function* walk(root: string, folder: string, prefix: string): AsyncGenerator<string> {
  const entries = (await entriesOf(join(root, folder)))
    // A folder sorts as its members do, with the slash: "a-b" < "a/c" < "a0".
    .map((entry) => ({ entry, path: folder + entry.name + (entry.isDirectory() ? "/" : "") }))
    .filter(({ path }) => path.startsWith(prefix) || prefix.startsWith(path))
    .sort((a, b) => (a.path < b.path ? -1 : 1));
  for (const { entry, path } of entries) {
    if (entry.isDirectory() && isBlobName(path.slice(0, -1))) yield* walk(root, path, prefix);
    else if (entry.isFile() && path.startsWith(prefix) && isBlobName(path)) yield path;
  }
}

async function entriesOf(path: string): Promise<Dirent[]> {
  try {
    return await readdir(path, { withFileTypes: true });
  } catch (error) {
    if (isAbsent(error)) return [];
    throw error;
  }
}

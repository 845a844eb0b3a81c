/** Lists the files below a folder, in the order of object stores. */

import type { Dirent } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { isAbsent } from "./filesystem-failure.ts";
import { isBlobName } from "./name.ts";

/**
 * Yields the files below `root` whose path is a blob name that starts with `prefix`, in ascending byte order. Holds one
 * folder per level in memory, enters only folders that can match, and treats a folder that vanishes as empty.
 */
export async function* namesBelow(root: string, prefix: string): AsyncGenerator<string> {
  yield* walk(root, "", prefix);
}

async function* walk(root: string, folder: string, prefix: string): AsyncGenerator<string> {
  const entries = (await entriesOf(join(root, folder)))
    // A folder sorts like its members, with the slash: "a-b" < "a/c" < "a0".
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

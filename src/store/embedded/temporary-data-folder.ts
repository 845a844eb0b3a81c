import { chmod, mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { reachableByAll } from "./program.ts";

/** The part of a socket's path (see preparePlace) that remains for the folder, its suffix, a region and the file. */
const MAX_PARENT_LENGTH = 55;

/**
 * Creates a folder for temporary databases: in the system's folder for temporary files, or in /tmp or /var/tmp if that
 * is too deep for a socket or not accessible to the user that a database of root runs as.
 */
export async function temporaryDataFolder(prefix: string): Promise<string> {
  const parents = [tmpdir(), "/tmp", "/var/tmp"];
  for (const parent of parents) {
    if (parent.length > MAX_PARENT_LENGTH || !await reachableByAll(parent)) continue;
    return await makeIn(parent, prefix);
  }
  return await makeIn(tmpdir(), prefix);
}

async function makeIn(parent: string, prefix: string): Promise<string> {
  const folder = await mkdtemp(join(parent, prefix));
  await chmod(folder, 0o711);
  return folder;
}

import { readFile, stat } from "node:fs/promises";

/** Largest file that is read: tokens, credentials, certificates. */
const MAX_FILE_BYTES = 65_536;

/**
 * The text of a file that others write, such as a mounted secret: read again when its time, size or inode changed.
 * Rejects with the system's error, or with a RangeError for more than 64 KiB.
 */
export function watchedFile(path: string): () => Promise<string> {
  let known: { readonly state: string; readonly text: string } | undefined;
  return async () => {
    const { mtimeNs, ctimeNs, ino, size } = await stat(path, { bigint: true });
    const state = [mtimeNs, ctimeNs, ino, size].join(" ");
    if (known?.state === state) return known.text;
    if (size > MAX_FILE_BYTES) {
      throw new RangeError(`the file has more than ${MAX_FILE_BYTES} bytes`);
    }
    const text = await readFile(path, "utf8");
    known = { state, text };
    return text;
  };
}

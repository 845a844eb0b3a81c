import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { AppError } from "../../errors.ts";

/** Reads the text of a file; creates a missing file, readable only by its owner. */
export async function keptSecret(path: string, make: () => Promise<string>): Promise<string> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    // Another process may have been faster; then use its text.
    await writeFile(path, await make(), { mode: 0o600, flag: "wx" }).catch((cause: unknown) => {
      if (!(cause instanceof Error && "code" in cause && cause.code === "EEXIST")) throw cause;
    });
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new AppError(
      "key_unavailable",
      `${path} cannot be read or written: set DATA_DIR to a folder in which this process may read and write device/`,
      { cause },
    );
  }
}

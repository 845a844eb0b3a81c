import { mkdir, readFile, writeFile } from "node:fs/promises";
import { dirname } from "node:path";
import { AppError } from "../../errors.ts";

/** The text of a file; one that is not there is made, readable by its owner alone. */
export async function keptSecret(path: string, make: () => Promise<string>): Promise<string> {
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 });
    // Another process may have been faster: then its text holds.
    await writeFile(path, await make(), { mode: 0o600, flag: "wx" }).catch((cause: unknown) => {
      if (!(cause instanceof Error && "code" in cause && cause.code === "EEXIST")) throw cause;
    });
    return await readFile(path, "utf8");
  } catch (cause) {
    throw new AppError(
      "key_unavailable",
      `${path} cannot be read or written: set DATA_DIR to a folder of which this process may use device/`,
      { cause },
    );
  }
}

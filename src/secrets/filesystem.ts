import { readFile, stat } from "node:fs/promises";
import { isAbsolute, join, relative } from "node:path";
import { unavailable } from "./failure.ts";
import type { SecretManager } from "./secret-manager.ts";

const MAX_FILE_BYTES = 65_536;

/** FILESYSTEM: files below `root`; the name is the path. White space at the end does not count. */
export function filesystemSecrets(root: string): SecretManager {
  return {
    read: async (name) => {
      const path = join(root, name);
      const inside = relative(root, path);
      if (inside === "" || inside.startsWith("..") || isAbsolute(inside)) {
        throw unavailable(name, "is not below SECRET_FILESYSTEM_ROOT: check its name");
      }
      try {
        if ((await stat(path)).size > MAX_FILE_BYTES) throw new RangeError("the file is too large");
        return (await readFile(path, "utf8")).trimEnd();
      } catch (cause) {
        throw unavailable(
          name,
          "cannot be read below SECRET_FILESYSTEM_ROOT: check the file",
          cause,
        );
      }
    },
  };
}

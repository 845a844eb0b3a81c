/**
 * Rules beyond the schema of a kind. They bind what is made or changed; a resource stored before its rule was made
 * still loads, so that an update of the program stops nothing.
 */

/** A broken rule: the member to change first, and the others that have to do with it. */
export type BrokenRule = {
  readonly member: string;
  readonly message: string;
  readonly with?: readonly string[];
};

/** A name that files of an export have, or begin with on the way to one. */
const FILE_NAME = /(^|\/)index\.txt$|\.zip$/i;

/** A root that is named like a file: storage would need a file and a folder of one name. */
export function rootRules(filenameRoot: string): readonly BrokenRule[] {
  if (!FILE_NAME.test(filenameRoot)) return [];
  return [{
    member: "filenameRoot",
    message: "must not end in index.txt or .zip: files have such names",
  }];
}

/** Folders of a copy's name, likewise. */
export function rewriteRules(filenameRewrite: string | undefined): readonly BrokenRule[] {
  const folders = (filenameRewrite ?? "").split("/").slice(0, -1);
  if (!folders.some((folder) => FILE_NAME.test(folder))) return [];
  return [{
    member: "filenameRewrite",
    message: "must not have a folder named index.txt or .zip: files have such names",
  }];
}

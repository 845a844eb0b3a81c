import process from "node:process";

/** A user that is not root and owns nothing. */
const ORDINARY_ID = 65_534;

/** Whether this process is root, whom the file system refuses nothing. */
export const isRoot: boolean = process.geteuid?.() === 0;

/** Does the work as a user who is not root, whoever runs the tests. */
export async function asOrdinaryUser<const T>(work: () => Promise<T>): Promise<T> {
  if (!isRoot) return await work();
  process.seteuid?.(ORDINARY_ID);
  try {
    return await work();
  } finally {
    process.seteuid?.(0);
  }
}

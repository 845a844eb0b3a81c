/** Turns failed system calls on a blob's file into errors with a cure. */

import { AppError } from "../errors.ts";
import { errno } from "./durable-file.ts";

const CURES: ReadonlyMap<string, string> = new Map([
  ["ENOSPC", "the disk is full: free space"],
  ["EDQUOT", "the quota is used up: free space or raise it"],
  ["EROFS", "the file system is read-only: mount it for writing"],
  ["EACCES", "no permission: make the server's user its owner"],
  ["EPERM", "no permission: make the server's user its owner"],
  ["ENOTDIR", "a part of the path is a file: choose another directory"],
  ["EMFILE", "too many open files: raise the limit (ulimit -n)"],
  ["ENFILE", "too many open files: raise the limit of the system"],
  ["EIO", "the disk reports I/O errors: check it"],
]);

/** `blob_unavailable` with the directory, what is wrong with it, and the cure. */
export function filesystemFailure(root: string, error: unknown): AppError {
  const code = errno(error);
  const cure = CURES.get(code) ?? "the directory cannot be used: check it";
  const text = `blob storage in ${root}: ${cure}${code === "" ? "" : ` (${code})`}`;
  return new AppError("blob_unavailable", text, { cause: error });
}

/** Whether the call failed because there is no such file or folder. */
export function isAbsent(error: unknown): boolean {
  return ["ENOENT", "ENOTDIR"].includes(errno(error));
}

/** Whether the call failed because a file stands where a folder must be, or the reverse. */
export function isNameClash(error: unknown): boolean {
  return ["ENOTDIR", "EISDIR", "EEXIST", "ENOTEMPTY"].includes(errno(error));
}

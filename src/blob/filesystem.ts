/**
 * Blobs as plain files: `ROOT/BUCKET/NAME`. Each bucket also has two hidden folders that no blob's name can reach:
 * `.partial` for files being written, and `.headers` for headers that do not follow from the name.
 */

import type { Stats } from "node:fs";
import { open, readFile, rm, rmdir, stat, unlink } from "node:fs/promises";
import { dirname, join } from "node:path";
import { AppError } from "../errors.ts";
import type { BlobBody, BlobHeaders, BlobInfo, BlobStore, ByteRange } from "./blob.ts";
import { namesBelow } from "./directory-walk.ts";
import { makeFolder, removeLeftovers, syncFolder, writeDurably } from "./durable-file.ts";
import { headersByName, sameHeaders } from "./file-headers.ts";
import { readRange } from "./file-stream.ts";
import { filesystemFailure, isAbsent, isNameClash } from "./filesystem-failure.ts";
import {
  clampRange,
  requireBucket,
  requireHeaders,
  requireName,
  requirePrefix,
  requireRange,
} from "./name.ts";

/**
 * Stores blobs below the directory `root`, which it creates when missing. Any number of processes may share it. The
 * entity tag combines inode, modification time and size: it survives restarts and changes with every write. Throws
 * `blob_unavailable`, naming the directory, on failure, and `bad_request` for a name that is also a folder of others.
 */
export function filesystemBlobStore(root: string, now: () => number = Date.now): BlobStore {
  const swept = new Set<string>();
  const bodyPath = (bucket: string, name: string): string => join(root, bucket, name);
  const headersPath = (bucket: string, name: string): string =>
    join(root, bucket, ".headers", name);
  const failure = (error: unknown): AppError =>
    error instanceof AppError ? error : filesystemFailure(root, error);

  async function guarded<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw failure(error);
    }
  }

  /** The bucket's folder for files being written. Its leftovers are removed once per process. */
  async function partialsOf(bucket: string): Promise<string> {
    const partials = join(root, bucket, ".partial");
    await makeFolder(partials);
    if (!swept.has(bucket)) await removeLeftovers(partials, now());
    swept.add(bucket);
    return partials;
  }

  async function infoOf(bucket: string, name: string, found: Stats): Promise<BlobInfo> {
    const { ino, mtimeMs, size } = found;
    const etag = `"${[ino, Math.floor(mtimeMs), size].map((part) => part.toString(16)).join("-")}"`;
    const stored = await unlessAbsent(readFile(headersPath(bucket, name), "utf8"));
    const headers = stored === undefined ? headersByName(name) : parseHeaders(stored);
    return { ...headers, size, etag };
  }

  return {
    async put(
      bucket: string,
      name: string,
      body: Uint8Array,
      headers: BlobHeaders,
      signal?: AbortSignal,
    ): Promise<void> {
      requireName(bucket, name);
      requireHeaders(headers);
      signal?.throwIfAborted();
      await guarded(async () => {
        const partials = await partialsOf(bucket);
        const hidden = headersPath(bucket, name);
        const follows = sameHeaders(headers, headersByName(name));
        const write = (path: string, bytes: Uint8Array): Promise<void> =>
          writeDurably(path, partials, bytes, now()).catch(clashAsBadRequest);
        if (!follows) await write(hidden, formatHeaders(headers));
        await write(bodyPath(bucket, name), body);
        if (follows) await removeFile(hidden, join(root, bucket, ".headers"));
      });
    },

    async head(bucket: string, name: string): Promise<BlobInfo | undefined> {
      requireName(bucket, name);
      return await guarded(async () => {
        const found = await unlessAbsent(stat(bodyPath(bucket, name)));
        return found?.isFile() ? await infoOf(bucket, name, found) : undefined;
      });
    },

    async get(bucket: string, name: string, range?: ByteRange): Promise<BlobBody | undefined> {
      requireName(bucket, name);
      requireRange(range);
      return await guarded(async () => {
        const file = await unlessAbsent(open(bodyPath(bucket, name), "r"));
        if (file === undefined) return undefined;
        try {
          const found = await file.stat();
          if (found.isFile()) {
            const info = await infoOf(bucket, name, found);
            return { info, body: readRange(file, clampRange(range, info.size), failure) };
          }
        } catch (error) {
          await file.close();
          throw error;
        }
        await file.close();
        return undefined;
      });
    },

    async delete(bucket: string, name: string): Promise<void> {
      requireName(bucket, name);
      await guarded(async () => {
        await removeFile(headersPath(bucket, name), join(root, bucket, ".headers"));
        await removeFile(bodyPath(bucket, name), join(root, bucket));
      });
    },

    async *list(bucket: string, prefix: string): AsyncIterable<string> {
      requirePrefix(bucket, prefix);
      try {
        yield* namesBelow(join(root, bucket), prefix);
      } catch (error) {
        throw failure(error);
      }
    },

    async check(bucket: string): Promise<void> {
      requireBucket(bucket);
      await guarded(async () => {
        swept.delete(bucket);
        const partials = await partialsOf(bucket);
        const probe = join(root, bucket, ".probe");
        await writeDurably(probe, partials, new Uint8Array(1), now());
        await rm(probe, { force: true });
      });
    },
  };
}

/** Removes the file, then its parent folders that are empty, up to `top`. */
async function removeFile(path: string, top: string): Promise<void> {
  try {
    await unlink(path);
    await syncFolder(dirname(path));
    for (let folder = dirname(path); folder !== top; folder = dirname(folder)) await rmdir(folder);
  } catch (error) {
    if (!isAbsent(error) && !isNameClash(error)) throw error;
  }
}

async function unlessAbsent<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (isAbsent(error)) return undefined;
    throw error;
  }
}

function clashAsBadRequest(error: unknown): never {
  if (!isNameClash(error)) throw error;
  throw new AppError("bad_request", "a blob's name cannot also be a folder of other names");
}

const formatHeaders = (headers: BlobHeaders): Uint8Array =>
  new TextEncoder().encode(`${headers.contentType}\n${headers.cacheControl}\n`);

function parseHeaders(text: string): BlobHeaders {
  const [contentType, cacheControl, rest] = text.split("\n");
  if (contentType !== undefined && cacheControl !== undefined && rest === "") {
    return { contentType, cacheControl };
  }
  throw new Error("a file in .headers is damaged: write the blob again");
}

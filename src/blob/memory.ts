/** Blobs in this process's memory, for tests and demos. */

import type { BlobBody, BlobHeaders, BlobInfo, BlobStore, ByteRange } from "./blob.ts";
import { toHex } from "./hex.ts";
import {
  clampRange,
  requireBucket,
  requireHeaders,
  requireName,
  requirePrefix,
  requireRange,
} from "./name.ts";

type Stored = { readonly info: BlobInfo; readonly bytes: Uint8Array<ArrayBuffer> };

/** Creates an empty store. The entity tag is the SHA-256 of the content. */
export function memoryBlobStore(subtle: SubtleCrypto = crypto.subtle): BlobStore {
  const buckets = new Map<string, Map<string, Stored>>();
  const find = (bucket: string, name: string): Stored | undefined => {
    requireName(bucket, name);
    return buckets.get(bucket)?.get(name);
  };

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
      const bytes = new Uint8Array(body);
      const { contentType, cacheControl } = headers;
      const info = {
        contentType,
        cacheControl,
        size: bytes.length,
        etag: await tag(bytes, subtle),
      };
      const blobs = buckets.get(bucket) ?? new Map<string, Stored>();
      buckets.set(bucket, blobs.set(name, { info, bytes }));
    },

    async head(bucket: string, name: string): Promise<BlobInfo | undefined> {
      return find(bucket, name)?.info;
    },

    async get(bucket: string, name: string, range?: ByteRange): Promise<BlobBody | undefined> {
      requireRange(range);
      const stored = find(bucket, name);
      if (stored === undefined) return undefined;
      const { start, end } = clampRange(range, stored.info.size);
      const part = stored.bytes.slice(start, end);
      return { info: stored.info, body: new Blob([part]).stream() };
    },

    async delete(bucket: string, name: string): Promise<void> {
      requireName(bucket, name);
      buckets.get(bucket)?.delete(name);
    },

    async *list(bucket: string, prefix: string): AsyncIterable<string> {
      requirePrefix(bucket, prefix);
      const names = [...(buckets.get(bucket)?.keys() ?? [])];
      yield* names.filter((name) => name.startsWith(prefix)).sort();
    },

    async check(bucket: string): Promise<void> {
      requireBucket(bucket);
    },
  };
}

async function tag(bytes: Uint8Array<ArrayBuffer>, subtle: SubtleCrypto): Promise<string> {
  return `"${toHex(await subtle.digest("SHA-256", bytes))}"`;
}

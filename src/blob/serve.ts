/** Serves blobs over HTTP (RFC 9110): entity tags, conditional and range requests. */

import type { BlobInfo, BlobStore, ByteRange } from "./blob.ts";
import { isConditional, precondition, rangeApplies } from "./http-condition.ts";
import { parseRange } from "./http-range.ts";
import { isBlobName } from "./name.ts";

/** How often to retry a range when the blob is replaced between `head` and `get`, before sending the whole blob. */
const REPLACED_TIMES = 3;

/** The bucket whose blobs are served. */
export type ServedBlobs = { readonly store: BlobStore; readonly bucket: string };

/**
 * Handles GET and HEAD for the blob named `path` (the URL path below the mount point, not decoded). Answers 200, 206,
 * 304, 404, 405, 412 and 416; throws what the store throws.
 */
export function serveBlobs(
  { store, bucket }: ServedBlobs,
): (request: Request, path: string) => Promise<Response> {
  return async (request, path) => {
    if (request.method !== "GET" && request.method !== "HEAD") {
      return new Response(null, {
        status: 405,
        headers: { allow: "GET, HEAD", "content-length": "0" },
      });
    }
    if (!isBlobName(path)) return notFound();
    const plain = request.method === "GET" && !isConditional(request.headers);
    for (let look = 1; !plain && look <= REPLACED_TIMES; look++) {
      const info = await store.head(bucket, path);
      if (info === undefined) return notFound();
      const failed = precondition(request.headers, info.etag);
      if (failed !== undefined) {
        return new Response(null, { status: failed, headers: common(info) });
      }
      if (request.method === "HEAD") return whole(info, null);
      const range = rangeOf(request.headers, info);
      if (range === undefined) break;
      if (range === "unsatisfiable") return unsatisfiable(info);
      const part = await store.get(bucket, path, range);
      if (part === undefined) return notFound();
      if (part.info.etag === info.etag) return partial(part.info, range, part.body);
      await part.body.cancel();
    }
    const blob = await store.get(bucket, path);
    return blob === undefined ? notFound() : whole(blob.info, blob.body);
  };
}

function rangeOf(headers: Headers, info: BlobInfo): ByteRange | "unsatisfiable" | undefined {
  const value = headers.get("range");
  return value === null || !rangeApplies(headers, info.etag)
    ? undefined
    : parseRange(value, info.size);
}

const common = (info: BlobInfo): Record<string, string> => ({
  "cache-control": info.cacheControl,
  etag: info.etag,
  "accept-ranges": "bytes",
});

const whole = (info: BlobInfo, body: ReadableStream<Uint8Array> | null): Response =>
  new Response(body, {
    headers: {
      ...common(info),
      "content-type": info.contentType,
      "content-length": String(info.size),
    },
  });

const partial = (info: BlobInfo, range: ByteRange, body: ReadableStream<Uint8Array>): Response =>
  new Response(body, {
    status: 206,
    headers: {
      ...common(info),
      "content-type": info.contentType,
      "content-length": String(range.end - range.start),
      "content-range": `bytes ${range.start}-${range.end - 1}/${info.size}`,
    },
  });

const unsatisfiable = (info: BlobInfo): Response =>
  new Response(null, {
    status: 416,
    headers: { "content-range": `bytes */${info.size}`, "content-length": "0" },
  });

const notFound = (): Response =>
  new Response(null, { status: 404, headers: { "content-length": "0" } });

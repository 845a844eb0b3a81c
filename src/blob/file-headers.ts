/** The headers that follow from a file's name, so a plain file needs no metadata. */

import type { BlobHeaders } from "./blob.ts";

const BY_EXTENSION: ReadonlyMap<string, BlobHeaders> = new Map([
  ["zip", { contentType: "application/zip", cacheControl: "public, max-age=86400" }],
  ["txt", { contentType: "text/plain", cacheControl: "no-cache, max-age=0" }],
]);

const OTHERWISE: BlobHeaders = {
  contentType: "application/octet-stream",
  cacheControl: "no-cache, max-age=0",
};

/** Headers of an export file (`.zip`), an index (`.txt`), or anything else. */
export function headersByName(name: string): BlobHeaders {
  return BY_EXTENSION.get(name.slice(name.lastIndexOf(".") + 1)) ?? OTHERWISE;
}

/** Whether both headers are the same. */
export function sameHeaders(a: BlobHeaders, b: BlobHeaders): boolean {
  return a.contentType === b.contentType && a.cacheControl === b.cacheControl;
}

import type { BlobHeaders } from "../blob/blob.ts";

/** The headers of files, which never change. */
export const FILE_HEADERS: BlobHeaders = {
  contentType: "application/zip",
  cacheControl: "public, max-age=86400",
};
/** The headers of an index, which clients revalidate every time. */
export const INDEX_HEADERS: BlobHeaders = {
  contentType: "text/plain",
  cacheControl: "no-cache, max-age=0",
};

/** `ROOT/START-END-NNNNN.zip`: Unix seconds of the window, and the file's number from 1. */
export function fileName(
  root: string,
  { startsAt, endsAt }: { readonly startsAt: number; readonly endsAt: number },
  number: number,
): string {
  return `${root}/${startsAt}-${endsAt}-${String(number).padStart(5, "0")}.zip`;
}

/** `ROOT/index.txt`. */
export function indexName(root: string): string {
  return `${root}/index.txt`;
}

/** The text of an index: one path per line, relative to the export base. */
export function indexText(names: readonly string[]): Uint8Array {
  return new TextEncoder().encode(names.join("\n"));
}

/** Checks of buckets, names, headers, prefixes and ranges, the same in every back end. */

import { AppError } from "../errors.ts";
import type { BlobHeaders, ByteRange } from "./blob.ts";

/** Longest name in bytes: the limit of S3 and Azure. */
const MAX_NAME_BYTES = 1024;

/** Longest segment in bytes: the limit of file systems. */
const MAX_SEGMENT_BYTES = 255;

const SEGMENT = /^[A-Za-z0-9_-][A-Za-z0-9._-]*$/;

const isSegment = (segment: string): boolean =>
  segment.length <= MAX_SEGMENT_BYTES && SEGMENT.test(segment);

/** Whether `name` is `A-Za-z0-9._-` segments joined by `/`, none starting with a dot, at most 1024 bytes in all. */
export function isBlobName(name: string): boolean {
  return name.length <= MAX_NAME_BYTES && name.split("/").every(isSegment);
}

/** Throws `bad_request` unless the bucket is one segment and the name passes {@link isBlobName}. */
export function requireName(bucket: string, name: string): void {
  requireBucket(bucket);
  if (isBlobName(name)) return;
  throw new AppError(
    "bad_request",
    "a blob's name must be segments of A-Z a-z 0-9 . _ - joined by /, none starting with a dot",
  );
}

/** Throws `bad_request` unless the bucket is one segment. */
export function requireBucket(bucket: string): void {
  if (isSegment(bucket)) return;
  throw new AppError("bad_request", "a bucket's name may only contain A-Z a-z 0-9 . _ -");
}

/** Throws `bad_request` unless the prefix is empty or the beginning of a possible name. */
export function requirePrefix(bucket: string, prefix: string): void {
  requireBucket(bucket);
  const possible = prefix === "" || prefix.endsWith("/") ? `${prefix}x` : prefix;
  if (isBlobName(possible)) return;
  throw new AppError("bad_request", "a prefix must be empty or the beginning of a blob's name");
}

/** Throws `bad_request` unless both ends are whole numbers, 0 <= start <= end. */
export function requireRange(range: ByteRange | undefined): void {
  if (range === undefined) return;
  const { start, end } = range;
  if (Number.isSafeInteger(start) && Number.isSafeInteger(end) && 0 <= start && start <= end) {
    return;
  }
  throw new AppError("bad_request", "a byte range must be whole numbers, 0 <= start <= end");
}

/** Throws `bad_request` unless both values are 1 to 255 printable ASCII characters, so neither can inject a header. */
export function requireHeaders(headers: BlobHeaders): void {
  const printable = /^[\x21-\x7e]([\x20-\x7e]{0,253}[\x21-\x7e])?$/;
  if (printable.test(headers.contentType) && printable.test(headers.cacheControl)) return;
  throw new AppError(
    "bad_request",
    "a blob's content type and cache header must be 1 to 255 printable ASCII characters",
  );
}

/** Clips the range to a blob of `size` bytes. An empty range starts and ends at the same offset. */
export function clampRange(range: ByteRange | undefined, size: number): ByteRange {
  if (range === undefined) return { start: 0, end: size };
  const end = Math.min(range.end, size);
  return { start: Math.min(range.start, end), end };
}

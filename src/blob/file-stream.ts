/** Reads part of an open file as a stream. */

import type { FileHandle } from "node:fs/promises";
import type { ByteRange } from "./blob.ts";

const CHUNK_BYTES = 65_536;

/**
 * Streams the bytes of the range, reading on demand. Takes ownership of the file: closes it at the end, on failure and
 * on cancellation, and at once for an empty range. The reader gets failures as `failure(error)`.
 */
export function readRange(
  file: FileHandle,
  range: ByteRange,
  failure: (error: unknown) => Error,
): ReadableStream<Uint8Array> {
  let { start } = range;

  async function next(): Promise<Uint8Array> {
    const chunk = new Uint8Array(Math.min(CHUNK_BYTES, range.end - start));
    const { bytesRead } = await file.read(chunk, 0, chunk.length, start);
    if (bytesRead === 0) throw new Error("the file ends before its size");
    start += bytesRead;
    return chunk.subarray(0, bytesRead);
  }

  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      try {
        if (start < range.end) controller.enqueue(await next());
        if (start < range.end) return;
        await file.close();
        controller.close();
      } catch (error) {
        await file.close().catch(() => {});
        controller.error(failure(error));
      }
    },
    cancel: () => file.close(),
  });
}

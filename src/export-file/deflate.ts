import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createDeflateRaw, createInflateRaw } from "node:zlib";
import { accept, type Outcome, refuse } from "../errors.ts";
import { yieldToEventLoop } from "./yield-to-event-loop.ts";

/** Bytes handed to the compressor at once. */
const DEFLATE_SLICE_BYTES = 256 * 1024;
/** Compressed bytes expanded at once: deflate makes at most 1032 times as many of them. */
const INFLATE_SLICE_BYTES = 16 * 1024;

/** The slices of some bytes; where native code runs on this thread, others get their turn between two. */
async function* slices(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += size) {
    yield bytes.subarray(from, from + size);
    await yieldToEventLoop();
  }
}

/** Raw deflate (RFC 1951) by native code, in slices so that nobody waits long for the event loop. */
export async function deflateRaw(bytes: Uint8Array): Promise<readonly Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  await pipeline(
    Readable.from(slices(bytes, DEFLATE_SLICE_BYTES)),
    createDeflateRaw({ chunkSize: DEFLATE_SLICE_BYTES }),
    async (output: AsyncIterable<Uint8Array>) => {
      for await (const chunk of output) chunks.push(chunk);
    },
  );
  return chunks;
}

/**
 * Expands raw deflate that must give exactly `size` bytes; one byte more or less is `malformed_file`. It fills one
 * array as it goes: the bounded reader would hold chunks and whole at once, twice the largest file.
 */
export async function inflateRaw(
  compressed: Uint8Array,
  size: number,
): Promise<Outcome<Uint8Array<ArrayBuffer>>> {
  const expanded = new Uint8Array(size);
  let length = 0;
  let overflows = false;
  try {
    await pipeline(
      Readable.from(slices(compressed, INFLATE_SLICE_BYTES)),
      createInflateRaw(),
      async (output: AsyncIterable<Uint8Array>) => {
        for await (const chunk of output) {
          overflows = length + chunk.length > size;
          if (overflows) return;
          expanded.set(chunk, length);
          length += chunk.length;
        }
      },
    );
  } catch {
    if (!overflows) {
      return refuse("malformed_file", `is not deflated data after ${length} expanded bytes`);
    }
  }
  if (overflows) {
    return refuse("malformed_file", `expands to more than the ${size} bytes that it states`);
  }
  if (length === size) return accept(expanded);
  return refuse("malformed_file", `expands to ${length} bytes and states ${size}`);
}

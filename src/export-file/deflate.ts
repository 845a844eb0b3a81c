import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createDeflateRaw } from "node:zlib";
import { yieldToEventLoop } from "./yield-to-event-loop.ts";

/** Bytes handed to the compressor at once. */
const SLICE_BYTES = 256 * 1024;

/** The slices of some bytes; where native code runs on this thread, others get their turn between two. */
async function* slices(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += SLICE_BYTES) {
    yield bytes.subarray(from, from + SLICE_BYTES);
    await yieldToEventLoop();
  }
}

/** Raw deflate (RFC 1951) by native code, in slices so that nobody waits long for the event loop. */
export async function deflateRaw(bytes: Uint8Array): Promise<readonly Uint8Array[]> {
  const chunks: Uint8Array[] = [];
  await pipeline(
    Readable.from(slices(bytes)),
    createDeflateRaw({ chunkSize: SLICE_BYTES }),
    async (output: AsyncIterable<Uint8Array>) => {
      for await (const chunk of output) chunks.push(chunk);
    },
  );
  return chunks;
}

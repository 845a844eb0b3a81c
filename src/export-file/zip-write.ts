import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createDeflateRaw } from "node:zlib";
import { ByteWriter } from "./byte-writer.ts";
import { crc32 } from "./crc32.ts";
import { yieldToEventLoop } from "./yield-to-event-loop.ts";
import { localHeader, ZipDirectory } from "./zip-headers.ts";

/** A file in a zip. */
export type ZipFile = { readonly name: string; readonly data: Uint8Array };

/** Writes these files to a deflated zip (APPNOTE 6.3.3) with sizes in the local headers. Names must be ASCII. */
export async function writeZip(files: readonly ZipFile[]): Promise<Uint8Array<ArrayBuffer>> {
  const zip = new ByteWriter();
  const directory = new ZipDirectory();
  for (const { name, data } of files) {
    const crc = await crc32(data);
    const chunks = await deflateRaw(data);
    const compressedBytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const member = { name, crc, compressedBytes, bytes: data.length };
    directory.add(member, zip.length);
    zip.reserve(compressedBytes + 1024);
    zip.bytes(localHeader(member));
    for (const chunk of chunks) zip.bytes(chunk);
  }
  zip.bytes(directory.finish(zip.length));
  return zip.finish();
}

/** Bytes passed to the compressor at once. */
const SLICE_BYTES = 256 * 1024;

/** Yields the bytes in slices. Where native code runs on this thread, the event loop runs between two slices. */
async function* slices(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let from = 0; from < bytes.length; from += SLICE_BYTES) {
    yield bytes.subarray(from, from + SLICE_BYTES);
    await yieldToEventLoop();
  }
}

/** Raw deflate (RFC 1951) by native code, in slices so that the event loop is never blocked for long. */
async function deflateRaw(bytes: Uint8Array): Promise<readonly Uint8Array[]> {
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

import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { createDeflateRaw } from "node:zlib";
import { ByteWriter } from "./byte-writer.ts";
import { crc32 } from "./crc32.ts";
import { yieldToEventLoop } from "./yield-to-event-loop.ts";

/** A file in a zip. */
export type ZipFile = { readonly name: string; readonly data: Uint8Array };

/** 1980-01-01 00:00 in MS-DOS form: the zip says nothing of when it was made. */
const DOS_TIME = 0;
const DOS_DATE = 0x21;
const VERSION = 20;
const DEFLATED = 8;

/** A zip (APPNOTE 6.3.3) of these files, deflated, with sizes in the local headers. Names are ASCII. */
export async function writeZip(files: readonly ZipFile[]): Promise<Uint8Array<ArrayBuffer>> {
  const zip = new ByteWriter();
  const directory = new ByteWriter();
  for (const { name, data } of files) {
    const ascii = new TextEncoder().encode(name);
    const crc = await crc32(data);
    const chunks = await deflateRaw(data);
    const compressedBytes = chunks.reduce((sum, chunk) => sum + chunk.length, 0);
    const common = new ByteWriter();
    for (
      const [value, count] of [
        ...[[VERSION, 2], [0, 2], [DEFLATED, 2], [DOS_TIME, 2], [DOS_DATE, 2]],
        ...[[crc, 4], [compressedBytes, 4], [data.length, 4], [ascii.length, 2], [0, 2]],
      ] as const
    ) common.littleEndian(value, count);

    directory.littleEndian(0x02014b50, 4);
    directory.littleEndian(VERSION, 2);
    directory.bytes(common.finish());
    directory.littleEndian(0, 10); // comment length, disk, attributes
    directory.littleEndian(zip.length, 4);
    directory.bytes(ascii);

    zip.reserve(compressedBytes + 1024);
    zip.littleEndian(0x04034b50, 4);
    zip.bytes(common.finish());
    zip.bytes(ascii);
    for (const chunk of chunks) zip.bytes(chunk);
  }
  const directoryAt = zip.length;
  zip.bytes(directory.finish());
  zip.littleEndian(0x06054b50, 4);
  zip.littleEndian(0, 4); // disks
  zip.littleEndian(files.length, 2);
  zip.littleEndian(files.length, 2);
  zip.littleEndian(directory.length, 4);
  zip.littleEndian(directoryAt, 4);
  zip.littleEndian(0, 2); // comment length
  return zip.finish();
}

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

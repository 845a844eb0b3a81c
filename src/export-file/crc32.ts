import * as zlib from "node:zlib";
import { BYTES_PER_YIELD, yieldToEventLoop } from "./yield-to-event-loop.ts";

const TABLE: Uint32Array = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  return value;
});

/** Continues a CRC (0 at the start) over more bytes. */
export type CrcUpdate = (bytes: Uint8Array, before: number) => number;

/** For Node before 20.15, whose zlib has no crc32. */
export const crcByTable: CrcUpdate = (bytes, before) => {
  let value = ~before;
  for (let i = 0; i < bytes.length; i++) {
    value = (TABLE[(value ^ (bytes[i] ?? 0)) & 0xff] ?? 0) ^ (value >>> 8);
  }
  return ~value >>> 0;
};

// A named import would fail where it is missing.
const { crc32: native }: { readonly crc32?: CrcUpdate } = zlib;

/** CRC-32 of zip (ISO-HDLC), unsigned, computed without blocking the event loop. */
export async function crc32(
  bytes: Uint8Array,
  update: CrcUpdate = native ?? crcByTable,
): Promise<number> {
  let crc = 0;
  for (let from = 0; from < bytes.length; from += BYTES_PER_YIELD) {
    if (from > 0) await yieldToEventLoop();
    crc = update(bytes.subarray(from, from + BYTES_PER_YIELD), crc);
  }
  return crc;
}

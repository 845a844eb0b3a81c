import { BYTES_PER_YIELD, yieldToEventLoop } from "./yield-to-event-loop.ts";

const TABLE: Uint32Array = Uint32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  return value;
});

/** CRC-32 of zip (ISO-HDLC), unsigned; the event loop is not blocked meanwhile. */
export async function crc32(bytes: Uint8Array): Promise<number> {
  let crc = 0xffffffff;
  for (let from = 0; from < bytes.length; from += BYTES_PER_YIELD) {
    if (from > 0) await yieldToEventLoop();
    crc = update(crc, bytes, from, Math.min(from + BYTES_PER_YIELD, bytes.length));
  }
  return ~crc >>> 0;
}

function update(crc: number, bytes: Uint8Array, from: number, to: number): number {
  let value = crc;
  for (let i = from; i < to; i++) {
    value = (TABLE[(value ^ (bytes[i] ?? 0)) & 0xff] ?? 0) ^ (value >>> 8);
  }
  return value;
}

import * as zlib from "node:zlib";
import { describe, expect, test } from "vitest";
import { crc32, crcByTable } from "../../src/export-file/crc32.ts";

const UPDATES = [{ name: "the table", update: crcByTable }, {
  name: "the fastest of this runtime",
  update: undefined,
}];

describe.each(UPDATES)("crc32() by $name", ({ update }) => {
  // The check value of CRC-32/ISO-HDLC in the catalogue of parametrised CRC algorithms.
  test.each([["", 0], ["123456789", 0xcbf43926], ["a", 0xe8b7be43]])("of %j", async (text, crc) => {
    expect(await crc32(new TextEncoder().encode(text), update)).toBe(crc);
  });

  test("equals zlib's, even across yields to the event loop", async () => {
    const bytes = Uint8Array.from({ length: 600_000 }, (_, index) => (index * 31) >> 3);
    expect(await crc32(bytes, update)).toBe(zlib.crc32(bytes));
  });
});

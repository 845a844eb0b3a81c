import { describe, expect, test } from "vitest";
import {
  decodeBase64,
  decodeHex,
  encodeBase64,
  encodeBase64Url,
  encodeHex,
} from "../../src/bytes/base64.ts";

const bytes = (...values: number[]) => Uint8Array.from(values);

describe("decodeBase64()", () => {
  test("accepts both alphabets, padded or not", () => {
    expect(decodeBase64("+/+/")).toEqual(bytes(0xfb, 0xff, 0xbf));
    expect(decodeBase64("-_-_")).toEqual(bytes(0xfb, 0xff, 0xbf));
    for (const text of ["/w==", "_w==", "/w", "_w"]) {
      expect(decodeBase64(text)).toEqual(bytes(0xff));
    }
    for (const text of ["//8=", "__8=", "//8", "__8"]) {
      expect(decodeBase64(text)).toEqual(bytes(0xff, 0xff));
    }
    expect(decodeBase64("")).toEqual(bytes());
    expect(decodeBase64("z2Cx9hdz2SlxZ8GEgqTYpA==")).toHaveLength(16);
  });

  test("refuses everything else", () => {
    const bad = [
      "A",
      "AAAAA",
      "A===",
      "AA=",
      "AAA==",
      "AAAA=",
      "AAAA==",
      "=",
      "==",
      "====",
      "AA==AA==",
      "A A=",
      " AAAA",
      "AAAA\n",
      "AA\nAA",
      "AAAA\0",
      "+-AA",
      "_/AA",
      "ÿÿÿÿ",
      "AA,A",
      "AAAA====",
      "/x==",
      "//9=",
      "_x",
      "__9",
      "AA=A",
    ];
    for (const text of bad) expect([text, decodeBase64(text)]).toEqual([text, undefined]);
  });

  test("decodes what the encoders return, for every length", () => {
    for (let size = 0; size < 100; size++) {
      const data = new Uint8Array(size).map((_, index) => index * 37 + size);
      expect(decodeBase64(encodeBase64(data))).toEqual(data);
      expect(decodeBase64(encodeBase64Url(data))).toEqual(data);
      expect(decodeHex(encodeHex(data))).toEqual(data);
    }
  });

  test("returns its own array, not a part of a shared one", () => {
    expect(decodeBase64("AAAA")?.buffer.byteLength).toBe(3);
  });

  test("handles long hostile text quickly", () => {
    expect(decodeBase64(`${"A".repeat(1_000_000)}!`)).toBeUndefined();
    expect(decodeBase64("=".repeat(1_000_000))).toBeUndefined();
  });
});

test("encoders read only the array's part of the buffer", () => {
  const part = bytes(1, 0xfb, 0xff, 4).subarray(1, 3);
  expect(encodeBase64(part)).toBe("+/8=");
  expect(encodeBase64Url(part)).toBe("-_8");
  expect(encodeHex(part)).toBe("fbff");
});

test("decodeHex() accepts either case and refuses everything else", () => {
  expect(decodeHex("fbFF")).toEqual(bytes(0xfb, 0xff));
  for (const text of ["f", "0x", "fg", "ff ", "fff"]) expect(decodeHex(text)).toBeUndefined();
});

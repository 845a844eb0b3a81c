import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { tekmac, tekmacText, type UploadKey } from "../../src/device/hmac.ts";
import { CRYPTOS } from "../support/crypto-providers.ts";

const HMAC_KEY = Uint8Array.from({ length: 16 }, (_, index) => index + 1);
const FIRST = "z2Cx9hdz2SlxZ8GEgqTYpA==";
const SECOND = "dPCphLzfG4uzXneNimkPRQ==";

function key(base64: string, start: number, risk: number): UploadKey {
  return { key: base64, rollingStartNumber: start, rollingPeriod: 144, transmissionRisk: risk };
}

test("tekmacText() sorts the keys by their base64", () => {
  const keys = [key(FIRST, 1, 3), key(SECOND, 144, 5)];
  expect(tekmacText(keys)).toBe(`${SECOND}.144.144.5,${FIRST}.1.144.3`);
  expect(tekmacText([...keys].reverse(), false)).toBe(`${SECOND}.144.144,${FIRST}.1.144`);
});

describe.each(CRYPTOS)("tekmac() on $name", ({ crypto }) => {
  test("returns the known values of the specification", async () => {
    const risky = [key(FIRST, 1, 3), key(SECOND, 144, 5)];
    const plain = [key(FIRST, 1, 0), key(SECOND, 144, 0)];
    expect(await tekmac(crypto, HMAC_KEY, risky))
      .toBe("2u1nHt5WWurJytFLF3xitNzM99oNrad2y4YGOL53AeY=");
    expect(await tekmac(crypto, HMAC_KEY, plain))
      .toBe("mFNI9zhTA17n4ndd1Vu5tsn4XQX0gPrIKyjeh/9noUE=");
    expect(await tekmac(crypto, HMAC_KEY, plain, false))
      .toBe("J9S7xVebH/66dm14wGsIcAnSUR3PHD4NtDQEOGZbDUo=");
  });

  test("is HMAC-SHA-256 of the text", async () => {
    const keys = [key(FIRST, 7, 8)];
    const expected = createHmac("sha256", HMAC_KEY).update(tekmacText(keys)).digest("base64");
    expect(await tekmac(crypto, HMAC_KEY, keys)).toBe(expected);
  });

  test("refuses an empty HMAC key", async () => {
    await expect(tekmac(crypto, new Uint8Array(), [])).rejects
      .toMatchObject({ code: "invalid_argument", message: "an HMAC key must not be empty" });
  });
});

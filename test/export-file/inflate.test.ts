import { deflateRawSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { inflateRaw } from "../../src/export-file/inflate.ts";
import { randomOf } from "../support/random.ts";

const random = randomOf(1);
/** Half of the bytes are random, so the deflated form is several slices long. */
const DATA = Uint8Array.from(
  { length: 200_000 },
  (_, index) => index % 2 === 0 ? 7 : Math.floor(random() * 256),
);
const DEFLATED = deflateRawSync(DATA);

describe("inflateRaw()", () => {
  test("expands many slices, and empty data", async () => {
    expect(DEFLATED.length).toBeGreaterThan(50_000);
    const outcome = await inflateRaw(DEFLATED, DATA.length);
    expect(outcome.ok && DATA.every((byte, index) => byte === outcome.value[index])).toBe(true);
    expect(await inflateRaw(deflateRawSync(new Uint8Array()), 0)).toMatchObject({ ok: true });
  });

  test.each([1, 8191, 8192, 8193, 16_384, DEFLATED.length - 1])(
    "refuses data truncated after %i bytes",
    async (length) => {
      expect(await inflateRaw(DEFLATED.subarray(0, length), DATA.length)).toMatchObject({
        ok: false,
        code: "malformed_file",
        message: expect.stringMatching(/^is not deflated data after \d+ expanded bytes$/),
      });
    },
  );

  test("stops soon after the stated size", async () => {
    const mebibyte = deflateRawSync(new Uint8Array(2 ** 20), { finishFlush: 2 });
    const bomb = Buffer.concat(Array.from({ length: 1024 }, () => mebibyte));
    expect(await inflateRaw(bomb, 1000)).toEqual({
      ok: false,
      code: "malformed_file",
      message: "expands to more than the 1000 bytes that it states",
    });
  });
});

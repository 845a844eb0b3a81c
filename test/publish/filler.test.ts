import { Buffer } from "node:buffer";
import { randomBytes } from "node:crypto";
import { gzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import { filler } from "../../src/publish/filler.ts";

describe("filler()", () => {
  it("gives as many groups of four base64 characters as are asked for", () => {
    const fill = filler(randomBytes, Math.random);
    for (const groups of [0, 1, 341, 1_365, 8_192, 8_193, 40_000]) {
      expect(fill(groups)).toMatch(new RegExp("^[A-Za-z0-9+/]{" + String(groups * 4) + "}$"));
    }
  });

  it("cuts at places that are drawn, up to the end of its stretch", () => {
    let place = 0;
    const bytes = Uint8Array.from({ length: 49_152 }, (_, index) => index >> 8);
    const fill = filler(() => bytes, () => place);
    const stretch = Buffer.from(bytes).toString("base64");
    expect(fill(2)).toBe(stretch.slice(0, 8));
    place = 0.5;
    expect(fill(2)).toBe(stretch.slice(32_764, 32_772));
    place = 1 - 2 ** -30;
    expect(fill(2)).toBe(stretch.slice(-8));
  });

  it("makes another stretch after 64 texts", () => {
    let made = 0;
    const fill = filler((length) => new Uint8Array(length).fill(made++), () => 0);
    const texts = Array.from({ length: 130 }, () => fill(1));
    expect(made).toBe(3);
    expect(new Set(texts)).toEqual(new Set(["AAAA", "AQEB", "AgIC"]));
  });

  it("does not shrink when a proxy compresses an answer", () => {
    const fill = filler(randomBytes, Math.random);
    // Base64 holds six bits in a character.
    expect(gzipSync(fill(1_365)).length).toBeGreaterThan(1_365 * 3);
  });
});

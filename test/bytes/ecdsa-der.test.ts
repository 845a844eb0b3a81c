import { execFileSync } from "node:child_process";
import { generateKeyPairSync, sign } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { decodeDer, encodeDer } from "../../src/bytes/ecdsa-der.ts";
import { fromHex, toHex } from "../export-file/sample.ts";

const scalar = (hex: string): string => hex.padStart(64, "0");
const MAX = "ff".repeat(32);

describe("encodeDer() writes strict DER (X.690 8.3.2, minimal integers)", () => {
  test.each([
    ["small", scalar("01") + scalar("02"), "3006020101020102"],
    ["zero", scalar("") + scalar("7f"), "300602010002017f"],
    ["high bit", scalar("80") + scalar("ff"), "300802020080020200ff"],
    ["inner zeros stay", scalar("010000") + scalar("0100"), "3009020301000002020100"],
    ["longest", MAX + MAX, `3046022100${MAX}022100${MAX}`],
  ])("%s", (_name, raw, der) => {
    expect(toHex(encodeDer(fromHex(raw)))).toBe(der);
    expect(decodeDer(fromHex(der))).toEqual({ signature: fromHex(raw) });
  });

  test("round-trips any r and s", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 64, maxLength: 64 }), (raw) => {
        expect(decodeDer(encodeDer(raw))).toEqual({ signature: new Uint8Array(raw) });
      }),
      { seed: 1, numRuns: 500 },
    );
  });

  test("refuses anything but 64 bytes", () => {
    expect(() => encodeDer(new Uint8Array(63))).toThrow("a P-256 signature has 64 bytes, not 63");
  });

  test("agrees with OpenSSL in both directions", () => {
    const { privateKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    for (let i = 0; i < 50; i++) {
      const der = new Uint8Array(sign("sha256", Buffer.from([i]), privateKey));
      const decoded = decodeDer(der);
      expect(decoded?.oddity).toBeUndefined();
      expect(encodeDer(decoded?.signature ?? new Uint8Array())).toEqual(der);
    }
    const parsed = execFileSync("openssl", ["asn1parse", "-inform", "DER"], {
      input: encodeDer(fromHex(scalar("8001") + scalar("02"))),
      encoding: "utf8",
    });
    expect(parsed).toMatch(/INTEGER\s+:8001\n.*INTEGER\s+:02\n/);
  });
});

describe("decodeDer() of what is not strict", () => {
  test.each([
    ["long form", "308106020101020102", "a length in long form"],
    ["needless zeros", "300702020001020102", "an INTEGER with needless zeros"],
    ["negative", "3006020180020102", "a negative INTEGER"],
    ["after s", "30080201010201020500", "bytes after s"],
    ["after all", "300602010102010200", "bytes after the SEQUENCE"],
  ])("is decoded with its oddity: %s", (_name, der, oddity) => {
    expect(decodeDer(fromHex(der))?.oddity).toBe(oddity);
  });

  test.each([
    ["nothing", ""],
    ["r ‖ s", "11".repeat(64)],
    ["cut off", "30060201010201"],
    ["one integer", "3003020101"],
    ["an empty integer", "30050200020102"],
    ["33 bytes", `3026022101${MAX}020102`],
    ["indefinite length", "30800201010201020000"],
    ["an octet string", "3006040101020102"],
    ["length of three bytes", "3083000006020101020102"],
  ])("returns undefined for %s", (_name, der) => {
    expect(decodeDer(fromHex(der))).toBeUndefined();
  });
});

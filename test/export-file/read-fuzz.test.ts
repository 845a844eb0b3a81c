import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeDer } from "../../src/bytes/ecdsa-der.ts";
import { formatInspection, inspectExportFile } from "../../src/export-file/inspect.ts";
import { lintExportFile } from "../../src/export-file/lint.ts";
import { readExportFile } from "../../src/export-file/read.ts";
import { sampleFile, sampleKeys, zipOf } from "./sample.ts";

/** The bytes with some overwritten, removed or repeated. */
const mutationsOf = (bytes: Uint8Array): fc.Arbitrary<Uint8Array> =>
  fc.array(
    fc.record({
      at: fc.nat(bytes.length - 1),
      kind: fc.constantFrom("set", "set", "set", "cut", "repeat"),
      value: fc.oneof(fc.nat(255), fc.constantFrom(0, 127, 128, 255)),
      length: fc.integer({ min: 1, max: 8 }),
    }),
    { minLength: 0, maxLength: 4 },
  ).map((mutations) =>
    mutations.reduce<Uint8Array>((current, { at, kind, value, length }) => {
      if (kind === "set") {
        return Uint8Array.from(current, (byte, index) => index === at ? value : byte);
      }
      const end = kind === "cut" ? at + length : at;
      return Buffer.concat([
        current.subarray(0, kind === "cut" ? at : at + length),
        current.subarray(end),
      ]);
    }, bytes)
  );

/** Reads a file and all of its keys, and reports on it. Returns whether it was well formed. */
async function readThrough(zip: Uint8Array): Promise<boolean> {
  const outcome = await readExportFile(zip);
  if (!outcome.ok) {
    expect(["malformed_file", "limit_exceeded"]).toContain(outcome.code);
    return false;
  }
  const inspection = await inspectExportFile(outcome.value);
  expect(inspection.keys.count).toBe(outcome.value.keyCount);
  expect(lintExportFile(outcome.value, inspection)).toBeInstanceOf(Array);
  expect(formatInspection(inspection)).toMatch(/^window/);
  return true;
}

test("a mutated zip is read or refused, and never throws", async () => {
  const { zip } = await sampleFile(sampleKeys(8), sampleKeys(2));
  await fc.assert(
    fc.asyncProperty(mutationsOf(zip), async (mutated) => {
      await readThrough(mutated);
    }),
    { seed: 20201101, numRuns: 1500 },
  );
});

test("a valid zip of mutated messages is read or refused, and never throws", async () => {
  const { bin, sig } = await sampleFile(sampleKeys(8), sampleKeys(2));
  let read = 0;
  await fc.assert(
    fc.asyncProperty(mutationsOf(bin), mutationsOf(sig), async (mutatedBin, mutatedSig) => {
      if (await readThrough(zipOf(mutatedBin, mutatedSig))) read++;
    }),
    { seed: 20201101, numRuns: 1500 },
  );
  expect(read).toBeGreaterThan(20);
});

test("decoding any bytes as a DER signature never throws", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
      const decoded = decodeDer(Uint8Array.of(0x30, bytes.length, ...bytes));
      expect(decoded?.signature.length ?? 64).toBe(64);
    }),
    { seed: 20201101, numRuns: 2000 },
  );
});

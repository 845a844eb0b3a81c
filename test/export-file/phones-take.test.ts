import fc from "fast-check";
import { expect, test } from "vitest";
import { buildExportFile } from "../../src/export-file/build.ts";
import { inspectExportFile } from "../../src/export-file/inspect.ts";
import { lintExportFile } from "../../src/export-file/lint.ts";
import { effectOn, PLATFORMS } from "../../src/export-file/phone-rules.ts";
import { verifyExportFile } from "../../src/export-file/verify.ts";
import type { ExportKey } from "../../src/model/exposure.ts";
import { REPORT_TYPES } from "../../src/model/report-type.ts";
import { batches, mustRead, newSigner } from "./sample.ts";

const PERIODS = [60, 3600, 4 * 3600, 24 * 3600];
const SIGNERS = await Promise.all(
  ["v1", "v2", "v_3"].map((version) => newSigner(version, "org.mag.1")),
);

/** Any keys that publish, import and federation accept in a window that ends at `end`: they have expired by then. */
const keysOf = (end: number, types: readonly number[]): fc.Arbitrary<readonly ExportKey[]> =>
  fc.uniqueArray(
    fc.record({
      key: fc.uint8Array({ minLength: 16, maxLength: 16 }),
      transmissionRisk: fc.integer({ min: 0, max: 8 }),
      intervalCount: fc.integer({ min: 1, max: 144 }),
      overSince: fc.integer({ min: 0, max: 15 * 144 }),
      reportType: fc.constantFrom(...types),
      daysSinceOnset: fc.option(fc.integer({ min: -28, max: 28 }), { nil: undefined }),
    }).map(({ overSince, ...key }): ExportKey => ({
      ...key,
      intervalNumber: Math.floor(end / 600) - overSince - key.intervalCount,
    })),
    { maxLength: 40, selector: ({ key }) => Buffer.from(key).toString("hex") },
  ).map((keys) => keys.toSorted((a, b) => Buffer.compare(a.key, b.key)));

const { confirmed, likely, negative } = REPORT_TYPES;
const file = fc.record({
  period: fc.constantFrom(...PERIODS),
  number: fc.integer({ min: 400_000, max: 500_000 }),
  split: fc.integer({ min: 0, max: 3 }),
  region: fc.stringMatching(/^[A-Z]{2,3}(-[A-Z]{2})?$/),
  signers: fc.integer({ min: 1, max: SIGNERS.length }),
}).chain((shape) => {
  const windowEnd = shape.number * 3600 + shape.period;
  return fc.record({
    shape: fc.constant({ ...shape, start: windowEnd - shape.period, end: windowEnd + shape.split }),
    keys: keysOf(windowEnd, [confirmed.wire, likely.wire, REPORT_TYPES["user-report"].wire]),
    revisedKeys: keysOf(windowEnd, [confirmed.wire, negative.wire]),
  });
});

test("every file that we build passes the rules of Android and iOS", async () => {
  await fc.assert(
    fc.asyncProperty(file, async ({ shape, keys, revisedKeys }) => {
      const { start, end, region } = shape;
      const signers = SIGNERS.slice(0, shape.signers);
      const { zip } = await buildExportFile({
        header: { start, end, region },
        signers: signers.map(({ signer }) => signer),
        keys: batches(keys),
        revisedKeys: batches(revisedKeys),
      });
      const read = await mustRead(zip);
      const publicKeys = signers.map(({ signer, publicKey }) => ({ ...signer.info, publicKey }));
      const verdicts = await verifyExportFile(read, publicKeys, crypto.subtle);
      expect(verdicts.every(({ verdict }) => verdict === "valid")).toBe(true);
      const findings = lintExportFile(read, await inspectExportFile(read, verdicts));
      const codes = findings.map(({ code }) => code);
      expect(codes.filter((code) => code !== "no_keys")).toEqual([]);
      expect(PLATFORMS.map((platform) => effectOn(platform, codes))).toEqual(["takes", "takes"]);
    }),
    { numRuns: 200, seed: 1 },
  );
});

import { expect, test } from "vitest";
import { TemporaryExposureKeyExport } from "../../proto/gen/export.js";
import { formatInspection, inspectExportFile } from "../../src/export-file/inspect.ts";
import { verifyExportFile } from "../../src/export-file/verify.ts";
import {
  binOf,
  keyNumber,
  mustRead,
  newSigner,
  sampleFile,
  sampleKeys,
  START,
  toHex,
  zipOf,
} from "./sample.ts";

const once = (...values: readonly string[]) => values.map((value) => ({ value, count: 1 }));

test("inspectExportFile() counts what is in a file and shows no key", async () => {
  const { signer, pem } = await newSigner();
  const keys = sampleKeys(3).map((key, index) => ({
    ...key,
    intervalNumber: START / 600 - 144 * (index + 1),
  }));
  const revisedKeys = sampleKeys(1).map((key) => ({ ...key, reportType: 5 }));
  const built = await sampleFile(keys, revisedKeys, [signer]);
  const file = await mustRead(built.zip);
  const verdicts = await verifyExportFile(
    file,
    [{ ...signer.info, publicKey: pem }],
    crypto.subtle,
  );
  const inspection = await inspectExportFile(file, verdicts);
  expect(inspection).toEqual({
    start: START,
    end: START + 3600,
    region: "MAG",
    batchNum: 1,
    batchSize: 1,
    zipBytes: built.zip.length,
    binBytes: built.bin.length,
    signatures: [{
      keyId: "310",
      keyVersion: "v1",
      algorithm: "1.2.840.10045.4.3.2",
      verdict: "valid",
    }],
    keys: {
      count: 3,
      ascending: true,
      duplicates: 0,
      reportTypes: once("CONFIRMED_TEST", "CONFIRMED_CLINICAL_DIAGNOSIS", "SELF_REPORT"),
      rollingStartDays: once("2020-10-29", "2020-10-30", "2020-10-31"),
      daysSinceOnset: once("-13", "-12", "none"),
      problems: {},
    },
    revisedKeys: {
      count: 1,
      ascending: true,
      duplicates: 0,
      reportTypes: once("REVOKED"),
      rollingStartDays: once("2020-10-31"),
      daysSinceOnset: once("none"),
      problems: {},
    },
  });
  expect(JSON.parse(JSON.stringify(inspection))).toEqual(inspection);
  const text = formatInspection(inspection);
  expect(text).toBe(`\
window     2020-11-01T00:00:00Z to 2020-11-01T01:00:00Z
region     "MAG"
batch      1 of 1
size       ${built.zip.length} bytes zipped, ${built.bin.length} bytes expanded
signature  key "310" version "v1", "1.2.840.10045.4.3.2": valid
keys       3, 0 of them twice, in order
  report type  CONFIRMED_TEST: 1
  report type  CONFIRMED_CLINICAL_DIAGNOSIS: 1
  report type  SELF_REPORT: 1
  starts on    2020-10-29: 1
  starts on    2020-10-30: 1
  starts on    2020-10-31: 1
  onset        -13: 1
  onset        -12: 1
  onset        none: 1
revised    1, 0 of them twice, in order
  report type  REVOKED: 1
  starts on    2020-10-31: 1
  onset        none: 1
`);
  expect(text).not.toContain(toHex(keyNumber(1)));
});

test("inspectExportFile() bounds its output for a hostile file", async () => {
  const keys = Array.from({ length: 9000 }, (_, index) => ({
    keyData: keyNumber(index % 4500),
    rollingStartIntervalNumber: (index - 4500) * 400_000,
    daysSinceOnsetOfSymptoms: index,
    reportType: index,
  }));
  const bin = TemporaryExposureKeyExport.encode({
    endTimestamp: 2 ** 52,
    region: "\n\u001b[2J",
    keys,
  });
  const inspection = await inspectExportFile(await mustRead(zipOf(binOf(bin.finish()))));
  expect(inspection.keys).toMatchObject({ count: 9000, duplicates: 4500, ascending: false });
  expect(inspection.keys.problems).toEqual({
    rolling_start: { count: 4501, first: 0 },
    report_type: { count: 8994, first: 6 },
    days_since_onset: { count: 8985, first: 15 },
  });
  expect(inspection.keys.rollingStartDays.length).toBe(101);
  expect(inspection.keys.daysSinceOnset.at(-1)).toEqual({ value: "other", count: 8900 });
  const text = formatInspection(inspection);
  expect(text).toContain('region     "\\n\\u001b[2J"');
  expect(text).toContain(`to ${2 ** 52} s\n`);
  expect(text.length).toBeLessThan(20_000);
});

test("histograms are sorted by value, negative values first", async () => {
  const onsets = [2, 0, -1, -3, 2];
  const keys = sampleKeys(5).map((key, index) => ({ ...key, daysSinceOnset: onsets[index] ?? 0 }));
  const { signer } = await newSigner();
  const built = await sampleFile(keys, [], [signer]);
  const inspection = await inspectExportFile(await mustRead(built.zip));
  expect(inspection.keys.daysSinceOnset).toEqual([
    { value: "-3", count: 1 },
    { value: "-1", count: 1 },
    { value: "0", count: 1 },
    { value: "2", count: 2 },
  ]);
});

import { MAX_SECONDS } from "./format.ts";
import type { ExportFile } from "./read.ts";
import { type Histogram, type KeySurvey, surveyKeys } from "./survey.ts";
import type { SignatureVerdict } from "./verify.ts";

/** A JSON summary of a file, without any key. Times are UTC seconds, [start, end). */
export type ExportInspection = {
  readonly start: number;
  readonly end: number;
  readonly region: string;
  readonly batchNum: number;
  readonly batchSize: number;
  readonly zipBytes: number;
  readonly binBytes: number;
  readonly signatures: readonly {
    readonly keyId: string;
    readonly keyVersion: string;
    readonly algorithm: string;
    /** `unchecked` when no keys were given to verify with. */
    readonly verdict: SignatureVerdict["verdict"] | "unchecked";
  }[];
  readonly keys: KeySurvey;
  readonly revisedKeys: KeySurvey;
};

/** Summarises a file. `verdicts` is the result of `verifyExportFile`, if it was called. */
export async function inspectExportFile(
  file: ExportFile,
  verdicts: readonly SignatureVerdict[] = [],
): Promise<ExportInspection> {
  const { start, end, region, batchNum, batchSize, zipBytes } = file;
  const knownEnd = end > 0 && end <= MAX_SECONDS ? end : Infinity;
  return {
    ...{ start, end, region, batchNum, batchSize, zipBytes, binBytes: file.bin.length },
    signatures: file.signatures.map(({ info }, index) => ({
      ...info,
      verdict: verdicts[index]?.verdict ?? "unchecked",
    })),
    keys: await surveyKeys(file.keys(), knownEnd),
    revisedKeys: await surveyKeys(file.revisedKeys(), knownEnd),
  };
}

/** The same as text, one fact per line. Strings from the file are quoted. */
export function formatInspection(inspection: ExportInspection): string {
  const { start, end, region, batchNum, batchSize, signatures } = inspection;
  return [
    `window     ${time(start)} to ${time(end)}`,
    `region     ${JSON.stringify(region)}`,
    `batch      ${batchNum} of ${batchSize}`,
    `size       ${inspection.zipBytes} bytes zipped, ${inspection.binBytes} bytes expanded`,
    ...signatures.map(({ keyId, keyVersion, algorithm, verdict }) =>
      `signature  key ${JSON.stringify(keyId)} version ${JSON.stringify(keyVersion)}, ` +
      `${JSON.stringify(algorithm)}: ${verdict}`
    ),
    ...surveyLines("keys", inspection.keys),
    ...surveyLines("revised", inspection.revisedKeys),
    "",
  ].join("\n");
}

function surveyLines(title: string, survey: KeySurvey): readonly string[] {
  const { count, duplicates, ascending } = survey;
  const head = `${title.padEnd(10)} ${count}, ${duplicates} of them twice, ${
    ascending ? "in order" : "not in order"
  }`;
  if (count === 0) return [`${title.padEnd(10)} none`];
  return [
    head,
    ...bars("report type", survey.reportTypes),
    ...bars("starts on", survey.rollingStartDays),
    ...bars("onset", survey.daysSinceOnset),
    ...Object.entries(survey.problems).map(([problem, { count, first }]) =>
      `  problem      ${problem}: ${count}, first at index ${first}`
    ),
  ];
}

function bars(title: string, histogram: Histogram): readonly string[] {
  return histogram.map(({ value, count }) => `  ${title.padEnd(12)} ${value}: ${count}`);
}

/** A time outside the range of `Date` stays a number. */
function time(seconds: number): string {
  const date = new Date(seconds * 1000);
  return Number.isNaN(date.getTime()) ? `${seconds} s` : date.toISOString().replace(".000", "");
}

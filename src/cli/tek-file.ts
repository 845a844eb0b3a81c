import * as z from "zod";
import { AppError } from "../errors.ts";
import { decodeBase64 } from "../bytes/base64.ts";
import { KEY_BYTES, MAX_TRANSMISSION_RISK } from "../model/exposure.ts";
import { INTERVALS_PER_DAY } from "../model/interval.ts";
import { isReportType, REPORT_TYPES, type ReportType } from "../model/report-type.ts";
import { issueText, ownWords } from "../model/schema-words.ts";
import { readTargetText } from "./target.ts";

/** A TEK in a file that somebody wrote. */
export type TekFileKey = {
  /** As written. */
  readonly key: string;
  /** The same decoded, 16 bytes. */
  readonly bytes: Uint8Array;
  readonly rollingStartNumber: number;
  readonly rollingPeriod: number;
  readonly transmissionRisk: number;
  readonly reportType?: ReportType | undefined;
  /** DSOS. */
  readonly daysSinceOnset?: number | undefined;
};

/** What such a file holds. */
export type TekFile = {
  readonly keys: readonly TekFileKey[];
  readonly revisedKeys: readonly TekFileKey[];
};

const MAX_FILE_BYTES = 256 * 1024 * 1024;

const keySchema = z.object({
  key: z.string(),
  rollingStartNumber: z.number().int().min(0).max(2_147_483_647),
  rollingPeriod: z.number().int().min(1).max(INTERVALS_PER_DAY).default(INTERVALS_PER_DAY),
  transmissionRisk: z.number().int().min(0).max(MAX_TRANSMISSION_RISK).default(0),
  reportType: z.string().refine(
    isReportType,
    `must be one of ${Object.keys(REPORT_TYPES).join(", ")}`,
  ).optional(),
  daysSinceOnset: z.number().int().optional(),
}).transform((entry, context): TekFileKey => {
  const bytes = decodeBase64(entry.key);
  if (bytes?.length === KEY_BYTES) return { ...entry, bytes };
  context.addIssue({
    code: "custom",
    path: ["key"],
    message: `must be base64 of ${KEY_BYTES} bytes`,
  });
  return z.NEVER;
});
const list = z.array(keySchema);
const fileSchema = z.union([
  list.transform((keys) => ({ keys, revisedKeys: [] })),
  z.object({ temporaryExposureKeys: list }).transform((file) => ({
    keys: file.temporaryExposureKeys,
    revisedKeys: [],
  })),
  z.object({ keys: list, revisedKeys: list.default([]) }),
]);

/** Help for people who must write one. */
export const TEK_FILE_HELP =
  `FILE is JSON ("-": standard input): a list of keys, a publish request, or
{"keys": [...], "revisedKeys": [...]}. A key: {"key": BASE64, "rollingStartNumber": N,
"rollingPeriod": 144, "transmissionRisk": 0, "reportType": "confirmed", "daysSinceOnset": 2}.`;

/** Reads a file of TEKs; throws `usage` naming the place, never a key. */
export async function readTekFile(path: string): Promise<TekFile> {
  const text = await readTargetText(path, { maxBytes: MAX_FILE_BYTES });
  const parsed = parseTeks(text);
  if (!parsed.success) {
    throw new AppError("usage", `${path === "-" ? "standard input" : path}: ${parsed.fault}`);
  }
  return parsed.file;
}

function parseTeks(
  text: string,
): { readonly success: true; readonly file: TekFile } | {
  readonly success: false;
  readonly fault: string;
} {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return { success: false, fault: "is not JSON: write a list of keys, as --help shows" };
  }
  const parsed = fileSchema.safeParse(value, { error: ownWords });
  if (parsed.success) return { success: true, file: parsed.data };
  return { success: false, fault: deepest(parsed.error.issues) };
}

/** The fault in the form of file that the writer most likely meant: the one that got furthest. */
function deepest(issues: readonly z.core.$ZodIssue[]): string {
  const found = issues
    .flatMap((issue) => issue.code === "invalid_union" ? issue.errors.flat() : [issue])
    .toSorted((a, b) => b.path.length - a.path.length)[0];
  return `${found === undefined ? "is no list of keys" : issueText(found, "the file")}; see --help`;
}

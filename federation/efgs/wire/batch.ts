import { Buffer } from "node:buffer";
import * as z from "zod";
import { eu } from "../../../proto/gen/efgs.js";
import { accept, type Outcome, refuse } from "../../../src/errors.ts";
import {
  faultOfJson,
  faultOfJsonText,
  faultOfProto,
  type MessageBounds,
} from "../../rpc/bounds.ts";

const { DiagnosisKeyBatch } = eu.interop;

/** A diagnosis key as it goes through the gateway, decoded and nothing more. */
export type EfgsKey = {
  /** 16 bytes when it is valid. */
  readonly keyData: Uint8Array;
  readonly rollingStart: number;
  readonly rollingPeriod: number;
  readonly transmissionRisk: number;
  readonly visitedCountries: readonly string[];
  readonly origin: string;
  /** 0 to 5; other numbers are kept as they came. */
  readonly reportType: number;
  /** Encoded, see dsos.ts. */
  readonly daysSinceOnset: number;
};

/** The two forms of a batch. */
export type BatchFormat = "protobuf" | "json";

/** Keys that a batch may hold. */
export const MAX_BATCH_KEYS = 5000;
/** A message with more keys than this is not read at all. */
const MAX_READ_KEYS = 20_000;
/** Countries that one key names at most, generously. */
const FIELDS_A_KEY = 150;

const BOUNDS: MessageBounds = {
  fields: MAX_READ_KEYS * FIELDS_A_KEY,
  nested: { 1: {} },
  elements: { of: { 1: "keys" }, max: MAX_READ_KEYS, what: "keys in a batch" },
};

/**
 * The keys of a DiagnosisKeyBatch. `limit_exceeded` for a batch that is far too large, `invalid_argument` for bytes
 * that are none. Unknown fields are skipped.
 */
export function readBatch(bytes: Uint8Array, format: BatchFormat): Outcome<readonly EfgsKey[]> {
  return format === "json" ? readJson(bytes) : readProto(bytes);
}

/** A DiagnosisKeyBatch of keys. Fields with their default value are left out. */
export function writeBatch(
  keys: readonly EfgsKey[],
  format: BatchFormat,
): Uint8Array<ArrayBuffer> {
  if (format === "json") {
    return new TextEncoder().encode(JSON.stringify(keys.length === 0 ? {} : jsonBatch(keys)));
  }
  return new Uint8Array(DiagnosisKeyBatch.encode({ keys: keys.map(protoKey) }).finish());
}

function readProto(bytes: Uint8Array): Outcome<readonly EfgsKey[]> {
  const fault = faultOfProto(bytes, BOUNDS);
  if (fault !== undefined) return fault;
  try {
    // Of a plain array the decoder makes plain views, not Buffers.
    const plain = new Uint8Array(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    return accept(DiagnosisKeyBatch.decode(plain).keys.map(keyOfProto));
  } catch {
    return unreadable();
  }
}

const NO_BYTES = new Uint8Array(0);

const unreadable = () => refuse("invalid_argument", "the body is not a DiagnosisKeyBatch");

const protoKey = (key: EfgsKey): eu.interop.DiagnosisKey.$Properties => ({
  keyData: key.keyData,
  rollingStartIntervalNumber: key.rollingStart,
  rollingPeriod: key.rollingPeriod,
  transmissionRiskLevel: key.transmissionRisk,
  visitedCountries: [...key.visitedCountries],
  origin: key.origin,
  reportType: key.reportType,
  daysSinceOnsetOfSymptoms: key.daysSinceOnset,
});

function keyOfProto(key: eu.interop.DiagnosisKey.$Properties): EfgsKey {
  return {
    keyData: key.keyData ?? NO_BYTES,
    rollingStart: key.rollingStartIntervalNumber ?? 0,
    rollingPeriod: key.rollingPeriod ?? 0,
    transmissionRisk: key.transmissionRiskLevel ?? 0,
    visitedCountries: key.visitedCountries ?? [],
    origin: key.origin ?? "",
    reportType: key.reportType ?? 0,
    daysSinceOnset: key.daysSinceOnsetOfSymptoms ?? 0,
  };
}

/** Names of the enum ReportType; a number is its own name. */
const REPORT_TYPES = [
  "UNKNOWN",
  "CONFIRMED_TEST",
  "CONFIRMED_CLINICAL_DIAGNOSIS",
  "SELF_REPORT",
  "RECURSIVE",
  "REVOKED",
] as const;

const INT32 = { least: -2_147_483_648, most: 2_147_483_647 } as const;
const signed = z.number().int().min(INT32.least).max(INT32.most);
const unsigned = z.number().int().min(0).max(4_294_967_295);
/** Standard alphabet; padding may be missing. */
const base64 = z.string().max(1000).regex(/^[A-Za-z0-9+/]*={0,2}$/);
const orAbsent = <T extends z.ZodType>(type: T) => type.nullish();

const jsonSchema = z.object({
  keys: orAbsent(z.array(z.object({
    keyData: orAbsent(base64),
    rollingStartIntervalNumber: orAbsent(unsigned),
    rollingPeriod: orAbsent(unsigned),
    transmissionRiskLevel: orAbsent(signed),
    visitedCountries: orAbsent(z.array(z.string())),
    origin: orAbsent(z.string()),
    reportType: orAbsent(z.union([z.enum(REPORT_TYPES), signed])),
    days_since_onset_of_symptoms: orAbsent(signed),
  }))),
});

function readJson(bytes: Uint8Array): Outcome<readonly EfgsKey[]> {
  const tooMuch = faultOfJsonText(bytes, BOUNDS);
  if (tooMuch !== undefined) return tooMuch;
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return unreadable();
  }
  const fault = faultOfJson(value, BOUNDS);
  if (fault !== undefined) return fault;
  const parsed = jsonSchema.safeParse(value);
  if (!parsed.success) return unreadable();
  return accept((parsed.data.keys ?? []).map((key): EfgsKey => ({
    keyData: new Uint8Array(Buffer.from(key.keyData ?? "", "base64")),
    rollingStart: key.rollingStartIntervalNumber ?? 0,
    rollingPeriod: key.rollingPeriod ?? 0,
    transmissionRisk: key.transmissionRiskLevel ?? 0,
    visitedCountries: key.visitedCountries ?? [],
    origin: key.origin ?? "",
    reportType: typeof key.reportType === "string"
      ? REPORT_TYPES.indexOf(key.reportType)
      : key.reportType ?? 0,
    daysSinceOnset: key.days_since_onset_of_symptoms ?? 0,
  })));
}

function jsonBatch(keys: readonly EfgsKey[]): unknown {
  const given = (name: string, value: number | string): Record<string, number | string> =>
    value === 0 || value === "" ? {} : { [name]: value };
  return {
    keys: keys.map((key) => ({
      keyData: Buffer.from(key.keyData).toString("base64"),
      ...given("rollingStartIntervalNumber", key.rollingStart),
      ...given("rollingPeriod", key.rollingPeriod),
      ...given("transmissionRiskLevel", key.transmissionRisk),
      ...(key.visitedCountries.length === 0 ? {} : { visitedCountries: key.visitedCountries }),
      ...given("origin", key.origin),
      ...(key.reportType === 0
        ? {}
        : { reportType: REPORT_TYPES[key.reportType] ?? key.reportType }),
      ...given("days_since_onset_of_symptoms", key.daysSinceOnset),
    })),
  };
}

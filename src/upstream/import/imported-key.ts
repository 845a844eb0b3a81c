import {
  type DiagnosisKey,
  KEY_BYTES,
  MAX_TRANSMISSION_RISK,
  MAX_WIRE_DSOS,
} from "../../model/exposure.ts";
import type { Seconds } from "../../model/ids.ts";
import { intervalAt, INTERVALS_PER_DAY } from "../../model/interval.ts";
import { isTooOld } from "../../model/key-check.ts";
import { type ReportType, WIRE_REPORT_TYPE } from "../../model/report-type.ts";
import { transmissionRisk } from "../../model/transmission-risk.ts";
import type { FileKey } from "../../export-file/file-key.ts";

/** The reason why a key from another server's file is skipped. */
export type SkipReason =
  | "key_length"
  | "rolling_period"
  | "transmission_risk"
  | "report_type"
  | "in_future"
  | "too_old";

/** First publications, or revisions. */
export type ImportPart = "keys" | "revised";

/** The rules for imported keys. */
export type ImportKeyRules = {
  readonly now: Seconds;
  /** MAX_INTERVAL_AGE_ON_PUBLISH. */
  readonly maxKeyAgeSeconds: number;
  /** BACKFILL_DAYS_SINCE_ONSET_VALUE. */
  readonly backfillDaysSinceOnset: number;
};

/** An accepted key. `onsetDropped`: its DSOS is one that no phone accepts, and counts as missing. */
export type TakenKey = DiagnosisKey & { readonly onsetDropped: boolean };

const { UNKNOWN, CONFIRMED_TEST, CONFIRMED_CLINICAL_DIAGNOSIS, SELF_REPORT, REVOKED } =
  WIRE_REPORT_TYPE;

/** The accepted report types, by their number in `export.proto`. */
const TAKEN: Readonly<Record<ImportPart, ReadonlyMap<number, ReportType>>> = {
  keys: new Map([
    [UNKNOWN, "confirmed"],
    [CONFIRMED_TEST, "confirmed"],
    [CONFIRMED_CLINICAL_DIAGNOSIS, "likely"],
    [SELF_REPORT, "user-report"],
  ]),
  revised: new Map([[CONFIRMED_TEST, "confirmed"], [REVOKED, "negative"]]),
};

/** Converts one key of a file to a row to store, or to the reason why it is skipped. */
export function takeKey(
  found: FileKey,
  part: ImportPart,
  rules: ImportKeyRules,
): TakenKey | SkipReason {
  const { key, intervalNumber, intervalCount, daysSinceOnset } = found;
  if (key.length !== KEY_BYTES) return "key_length";
  if (intervalCount < 1 || intervalCount > INTERVALS_PER_DAY) return "rolling_period";
  if (found.transmissionRisk < 0 || found.transmissionRisk > MAX_TRANSMISSION_RISK) {
    return "transmission_risk";
  }
  const reportType = TAKEN[part].get(found.reportType);
  if (reportType === undefined) return "report_type";
  if (intervalNumber > intervalAt(rules.now)) return "in_future";
  if (isTooOld({ intervalNumber, intervalCount }, rules.now, rules.maxKeyAgeSeconds)) {
    return "too_old";
  }
  const onsetDropped = daysSinceOnset !== undefined && Math.abs(daysSinceOnset) > MAX_WIRE_DSOS;
  return {
    key,
    intervalNumber,
    intervalCount,
    transmissionRisk: transmissionRisk(found.transmissionRisk, reportType),
    reportType,
    daysSinceOnset: onsetDropped
      ? rules.backfillDaysSinceOnset
      : daysSinceOnset ?? rules.backfillDaysSinceOnset,
    onsetDropped,
  };
}

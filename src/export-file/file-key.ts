import {
  type ExportKey,
  KEY_BYTES,
  MAX_TRANSMISSION_RISK,
  MAX_WIRE_DSOS,
} from "../model/exposure.ts";
import { INTERVALS_PER_DAY, secondsOfInterval } from "../model/interval.ts";
import { validUntil } from "../model/key-check.ts";
import { WIRE_REPORT_TYPE } from "../model/report-type.ts";
import { DEFAULT_ROLLING_PERIOD } from "./format.ts";
import type { WireReader } from "./wire-reader.ts";

/** A TemporaryExposureKey as read, with defaults filled in; its values are not checked. */
export type FileKey = ExportKey & { readonly variantOfConcern: number };

/** Reads one TemporaryExposureKey to the end of `reader`. */
export function readKey(reader: WireReader): FileKey {
  let key: Uint8Array = new Uint8Array();
  let transmissionRisk = 0;
  let intervalNumber = 0;
  let intervalCount = DEFAULT_ROLLING_PERIOD;
  let reportType: number = WIRE_REPORT_TYPE.UNKNOWN;
  let daysSinceOnset: number | undefined;
  let variantOfConcern = 0;
  while (reader.next()) {
    if (reader.field === 1) key = reader.view();
    else if (reader.field === 2) transmissionRisk = reader.int32();
    else if (reader.field === 3) intervalNumber = reader.int32();
    else if (reader.field === 4) intervalCount = reader.int32();
    else if (reader.field === 5) reportType = reader.int32();
    else if (reader.field === 6) daysSinceOnset = reader.sint32();
    else if (reader.field === 8) variantOfConcern = reader.int32();
    else reader.skip();
  }
  return {
    key,
    transmissionRisk,
    intervalNumber,
    intervalCount,
    reportType,
    daysSinceOnset,
    variantOfConcern,
  };
}

const within = (value: number, least: number, most: number): boolean =>
  value >= least && value <= most;

/** The code of a problem of one key. */
export type KeyProblem =
  | "key_length"
  | "transmission_risk"
  | "rolling_start"
  | "rolling_period"
  | "starts_in_future"
  | "still_valid"
  | "report_type"
  | "days_since_onset";

/** The check for each problem; `end` is the end of the file's window. */
const RULES: Record<KeyProblem, (key: FileKey, end: number) => boolean> = {
  key_length: ({ key }) => key.length === KEY_BYTES,
  transmission_risk: ({ transmissionRisk }) => within(transmissionRisk, 0, MAX_TRANSMISSION_RISK),
  rolling_start: ({ intervalNumber }) => intervalNumber > 0,
  rolling_period: ({ intervalCount }) => within(intervalCount, 1, INTERVALS_PER_DAY),
  starts_in_future: ({ intervalNumber }, end) => secondsOfInterval(intervalNumber) < end,
  still_valid: ({ intervalNumber, intervalCount }, end) =>
    validUntil(intervalNumber, intervalCount) <= end || secondsOfInterval(intervalNumber) >= end,
  report_type: ({ reportType }) => within(reportType, 0, WIRE_REPORT_TYPE.REVOKED),
  days_since_onset: ({ daysSinceOnset }) =>
    daysSinceOnset === undefined || within(daysSinceOnset, -MAX_WIRE_DSOS, MAX_WIRE_DSOS),
};

const PROBLEMS = Object.keys(RULES) as KeyProblem[];

/**
 * Lists the problems of a key; empty if every phone accepts it. `end` is the end of the file's window, in UTC seconds.
 */
export function keyProblems(key: FileKey, end: number): readonly KeyProblem[] {
  return PROBLEMS.filter((problem) => !RULES[problem](key, end));
}

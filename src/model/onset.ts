import type { Seconds } from "./ids.ts";
import { DAY_SECONDS, dayAt, dayOfInterval, intervalAt, secondsOfInterval } from "./interval.ts";

/** Bounds of what counts as an onset of symptoms, in days. */
export type OnsetLimits = {
  /** MAX_VALID_SYMPTOM_ONSET_REPORT_DAYS. */
  readonly maxReportDays: number;
  /** DEFAULT_SYMPTOM_ONSET_DAYS_AGO. */
  readonly defaultDaysAgo: number;
};

/** The UTC day (number since the epoch) of the onset; `missing` when nobody told a credible one. */
export type Onset = { readonly day: number; readonly missing: boolean };

/**
 * The onset day: the first of the candidates (the app's, then the certificate's interval) that lies in the past
 * and not before midnight UTC of the day `maxReportDays` ago; else the default.
 */
export function chooseOnset(
  candidates: readonly (number | undefined)[],
  now: Seconds,
  limits: OnsetLimits,
): Onset {
  const earliest = (dayAt(now) - limits.maxReportDays) * DAY_SECONDS;
  for (const interval of candidates) {
    if (interval === undefined) continue;
    if (secondsOfInterval(interval) >= earliest && interval < intervalAt(now)) {
      return { day: dayOfInterval(interval), missing: false };
    }
  }
  return { day: dayAt(now) - limits.defaultDaysAgo, missing: true };
}

/** DSOS: days from the onset to the UTC day in which the key starts, signed. */
export function daysSinceOnset(intervalNumber: number, onset: Onset): number {
  return dayOfInterval(intervalNumber) - onset.day;
}

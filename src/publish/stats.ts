import { DAY_SECONDS } from "../model/interval.ts";
import type { StatSum } from "../store/publish/stat.ts";
import {
  LEAST_STATS_EMBARGO_SECONDS,
  LEAST_STATS_UPLOADS,
  type PublishSettings,
} from "./settings.ts";

/** One UTC day of an issuer's statistics, as answered. */
export type StatsDay = {
  /** `2026-01-31T00:00:00Z` */
  readonly day: string;
  readonly publish_requests: {
    readonly unknown: number;
    readonly android: number;
    readonly ios: number;
  };
  readonly total_teks_published: number;
  readonly requests_with_revisions: number;
  /** Uploads by the age in days of their oldest TEK; the last counts 15 and more. */
  readonly tek_age_distribution: readonly number[];
  /** Uploads by days since the onset of symptoms; the last counts 29 and more. */
  readonly onset_to_upload_distribution: readonly number[];
  readonly requests_missing_onset_date: number;
};

/** Numbers in `tek_age_distribution`. */
export const TEK_AGE_BUCKETS = 16;
/** Numbers in `onset_to_upload_distribution`. */
export const ONSET_BUCKETS = 30;

/** When a day may be shown. */
export type StatsThresholds = Pick<PublishSettings, "statsUploadMinimum" | "statsEmbargoSeconds">;

/** The days that may be shown at `now` (UTC seconds), oldest first. */
export function statsDays(
  sums: readonly StatSum[],
  now: number,
  thresholds: StatsThresholds,
): readonly StatsDay[] {
  const byDay = new Map<number, StatSum[]>();
  for (const sum of sums) {
    const others = byDay.get(sum.day);
    if (others === undefined) byDay.set(sum.day, [sum]);
    else others.push(sum);
  }
  return [...byDay]
    .filter(([day, ofDay]) => isShown(day, ofDay, now, thresholds))
    .sort(([a], [b]) => a - b)
    .map(([day, ofDay]) => statsDay(day, ofDay));
}

function isShown(
  day: number,
  sums: readonly StatSum[],
  now: number,
  { statsUploadMinimum, statsEmbargoSeconds }: StatsThresholds,
): boolean {
  const publishes = sums.reduce((total, sum) => total + sum.publishes, 0);
  if (publishes >= Math.max(statsUploadMinimum, LEAST_STATS_UPLOADS)) return true;
  if (statsEmbargoSeconds === 0) return false;
  const embargo = Math.max(statsEmbargoSeconds, LEAST_STATS_EMBARGO_SECONDS);
  return now >= (day + 1) * DAY_SECONDS + embargo;
}

function statsDay(day: number, sums: readonly StatSum[]): StatsDay {
  const requests = { unknown: 0, android: 0, ios: 0 };
  const ages = Array<number>(TEK_AGE_BUCKETS).fill(0);
  const onsets = Array<number>(ONSET_BUCKETS).fill(0);
  let teks = 0;
  let revisions = 0;
  let missing = 0;
  for (const sum of sums) {
    requests[sum.platform] += sum.publishes;
    teks += sum.teks;
    if (sum.revision) revisions += sum.publishes;
    if (sum.missingOnset) missing += sum.publishes;
    count(ages, sum.oldestDays, sum.publishes);
    count(onsets, sum.onsetDays, sum.publishes);
  }
  return {
    day: new Date(day * DAY_SECONDS * 1000).toISOString().replace(".000", ""),
    publish_requests: requests,
    total_teks_published: teks,
    requests_with_revisions: revisions,
    tek_age_distribution: ages,
    onset_to_upload_distribution: onsets,
    requests_missing_onset_date: missing,
  };
}

function count(buckets: number[], days: number | null, publishes: number): void {
  if (days === null) return;
  const bucket = Math.min(Math.max(days, 0), buckets.length - 1);
  buckets[bucket] = (buckets[bucket] ?? 0) + publishes;
}

/** The same as CSV (RFC 4180), a row a day. */
export function statsCsv(days: readonly StatsDay[]): string {
  const numbered = (name: string, length: number) =>
    Array.from({ length }, (_, index) => `${name}_${index}`);
  const head = [
    "day",
    "publish_requests_unknown",
    "publish_requests_android",
    "publish_requests_ios",
    "total_teks_published",
    "requests_with_revisions",
    "requests_missing_onset_date",
    ...numbered("tek_age", TEK_AGE_BUCKETS),
    ...numbered("onset_to_upload", ONSET_BUCKETS),
  ];
  const rows = days.map((day) => [
    day.day,
    day.publish_requests.unknown,
    day.publish_requests.android,
    day.publish_requests.ios,
    day.total_teks_published,
    day.requests_with_revisions,
    day.requests_missing_onset_date,
    ...day.tek_age_distribution,
    ...day.onset_to_upload_distribution,
  ]);
  return [head, ...rows].map((row) => `${row.join(",")}\r\n`).join("");
}

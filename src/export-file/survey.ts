import { DAY_SECONDS, dayOfInterval } from "../model/interval.ts";
import { WIRE_REPORT_TYPE } from "../model/report-type.ts";
import { KEYS_PER_YIELD, yieldToEventLoop } from "./yield-to-event-loop.ts";
import { type FileKey, type KeyProblem, keyProblems } from "./file-key.ts";

/** The count of each value, ascending by value. Not an object, which would put all numbers first. */
export type Histogram = readonly { readonly value: string; readonly count: number }[];

/** A summary of the keys, or the revised keys, of a file that shows no key. */
export type KeySurvey = {
  readonly count: number;
  /** Whether each key is greater than the one before, by its bytes. */
  readonly ascending: boolean;
  /** The number of repeated keys. */
  readonly duplicates: number;
  /** By name in `export.proto`. */
  readonly reportTypes: Histogram;
  /** By UTC day of the rolling start, as YYYY-MM-DD. */
  readonly rollingStartDays: Histogram;
  /** By DSOS; `none` for keys without one. */
  readonly daysSinceOnset: Histogram;
  /** For each problem, how many keys have it and the index of the first. */
  readonly problems: Readonly<
    Partial<Record<KeyProblem, { readonly count: number; readonly first: number }>>
  >;
};

/** The most distinct values in a histogram. The rest count as `other`, so no file makes it long. */
const MAX_BARS = 100;

const REPORT_TYPE_NAMES: ReadonlyMap<number, string> = new Map(
  Object.entries(WIRE_REPORT_TYPE).map(([name, number]) => [number, name]),
);

class Tally {
  readonly #counts = new Map<string | number, number>();

  add(value: string | number): void {
    const bar = this.#counts.has(value) || this.#counts.size < MAX_BARS ? value : "other";
    this.#counts.set(bar, (this.#counts.get(bar) ?? 0) + 1);
  }

  /** Ascending by value, each named by `label`. */
  histogram(label: (value: number) => string): Histogram {
    const bars = [...this.#counts].toSorted(([a], [b]) => order(a) - order(b));
    return bars.map(([value, count]) => ({
      value: typeof value === "number" ? label(value) : value,
      count,
    }));
  }
}

/** The sort position of a value: words follow numbers. */
const order = (value: string | number): number => typeof value === "number" ? value : Infinity;

/**
 * Reads every key once without blocking the event loop. `end` is the end of the file's window in UTC seconds, or
 * Infinity if unknown.
 */
export async function surveyKeys(keys: Iterable<FileKey>, end: number): Promise<KeySurvey> {
  const reportTypes = new Tally();
  const days = new Tally();
  const onsets = new Tally();
  const problems: Partial<Record<KeyProblem, { count: number; first: number }>> = {};
  const seen = new Set<string>();
  let count = 0;
  let ascending = true;
  let last = "";
  for (const key of keys) {
    if (count % KEYS_PER_YIELD === KEYS_PER_YIELD - 1) await yieldToEventLoop();
    const bytes = String.fromCharCode(...key.key.subarray(0, 64));
    if (count > 0 && bytes <= last) ascending = false;
    last = bytes;
    seen.add(bytes);
    reportTypes.add(key.reportType);
    days.add(dayOfInterval(key.intervalNumber));
    onsets.add(key.daysSinceOnset ?? "none");
    for (const problem of keyProblems(key, end)) {
      const known = problems[problem];
      problems[problem] = { count: (known?.count ?? 0) + 1, first: known?.first ?? count };
    }
    count++;
  }
  return {
    count,
    ascending,
    duplicates: count - seen.size,
    reportTypes: reportTypes.histogram((type) => REPORT_TYPE_NAMES.get(type) ?? String(type)),
    rollingStartDays: days.histogram(isoDay),
    daysSinceOnset: onsets.histogram(String),
    problems,
  };
}

function isoDay(day: number): string {
  return new Date(day * DAY_SECONDS * 1000).toISOString().replace(/T.*/, "");
}

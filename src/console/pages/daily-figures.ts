import { type ErrorCode, ERRORS } from "../../errors.ts";
import type { ConsoleDependencies } from "../dependencies.ts";
import { day as dayName } from "../parts/words.ts";

/** How many days the overview looks back, today among them. */
export const DAYS = 14;
const DAY_SECONDS = 86_400;
const SHOWN_REASONS = 6;

/** What happened on each of the last days, today last. */
export type DailyFigures = {
  readonly days: readonly string[];
  readonly published: readonly number[];
  readonly revised: readonly number[];
  readonly refused: readonly number[];
  /** Chaff requests. */
  readonly chaff: readonly number[];
  /** Of all requests; undefined before the first. */
  readonly chaffShare: number | undefined;
  readonly exported: readonly number[];
  readonly received: readonly number[];
  readonly sent: readonly number[];
  readonly reasons: readonly {
    readonly code: string;
    readonly reason: string;
    readonly count: number;
  }[];
};

/** Reads them; days without anything are 0. */
export async function dailyFigures(
  deps: Pick<ConsoleDependencies, "overview" | "answers" | "peers">,
  now: number,
): Promise<DailyFigures> {
  const [published, exported, answers, peers] = await Promise.all([
    deps.overview.published(DAYS),
    deps.overview.exported(DAYS),
    deps.answers.perDay(DAYS),
    deps.peers(),
  ]);
  const today = Math.floor(now / DAY_SECONDS);
  const days = Array.from({ length: DAYS }, (_, index) => today - DAYS + 1 + index);
  const perDay = <T extends { readonly day: number }>(
    rows: readonly T[],
    value: (row: T) => number,
  ): readonly number[] => {
    const sums = new Map<number, number>();
    for (const row of rows) sums.set(row.day, (sums.get(row.day) ?? 0) + value(row));
    return days.map((one) => sums.get(one) ?? 0);
  };
  const pages = peers.flatMap((peer) => peer.days);
  const moved = (kinds: readonly string[]): readonly number[] =>
    perDay(pages, (page) => kinds.includes(page.kind) ? page.keys + page.revised : 0);
  const refusals = answers.filter(({ kind, code }) =>
    kind === "publish" && code !== "ok" && code !== "partial_failure"
  );
  const all = answers.reduce((total, one) => total + one.count, 0);
  const chaff = answers.filter(({ kind }) => kind === "chaff");
  return {
    days: days.map((one) => dayName(one * DAY_SECONDS)),
    published: perDay(published, (row) => row.keys),
    revised: perDay(published, (row) => row.revised),
    refused: perDay(refusals, (row) => row.count),
    chaff: perDay(chaff, (row) => row.count),
    chaffShare: all === 0 ? undefined : chaff.reduce((total, one) => total + one.count, 0) / all,
    exported: perDay(exported, (row) => row.keys + row.revised),
    received: moved(["pull", "pushed"]),
    sent: moved(["push", "fetched"]),
    reasons: reasonsOf(refusals),
  };
}

function reasonsOf(
  refusals: readonly { readonly code: string; readonly count: number }[],
): DailyFigures["reasons"] {
  const sums = new Map<string, number>();
  for (const { code, count } of refusals) sums.set(code, (sums.get(code) ?? 0) + count);
  return [...sums].map(([code, count]) => ({ code, reason: textOf(code), count }))
    .sort((a, b) => b.count - a.count).slice(0, SHOWN_REASONS);
}

/** What a code means, in words. */
export function textOf(code: string): string {
  return isCode(code) ? ERRORS[code].text : code;
}

function isCode(code: string): code is ErrorCode {
  return Object.hasOwn(ERRORS, code);
}

import { recentMap } from "../src/bounds/recent.ts";

/** What is left of a rate: keys a second, per peer. */
export type RateLimit = {
  /** Milliseconds to wait before more; 0: go on. */
  waitMs(name: string): number;
  /** Tells what was used. It may be more than there was; then there is a longer wait. Below 0: gives back. */
  use(name: string, perSecond: number, count: number): void;
};

const MAX_NAMES = 10_000;
const SECOND_MS = 1000;

type Bucket = { debtMs: number; at: number };

/**
 * Counts what each name owes, as the time that it takes to pay it at `perSecond`, so that another rate of tomorrow does
 * not count for the keys of today. Who owes more than a second's worth waits, so a page that is larger than the rate
 * still goes through, at the price of a pause. `clockMs` must not run backwards.
 */
export function rateLimit(clockMs: () => number): RateLimit {
  const buckets = recentMap<string, Bucket>({ maxSize: MAX_NAMES });
  const owed = (name: string): Bucket => {
    const now = clockMs();
    const { debtMs, at } = buckets.get(name) ?? { debtMs: 0, at: now };
    return { debtMs: Math.max(0, debtMs - Math.max(0, now - at)), at: now };
  };
  return {
    waitMs: (name) => {
      const over = owed(name).debtMs - SECOND_MS;
      return over < 0 ? 0 : Math.ceil(over) + 1;
    },
    use: (name, perSecond, count) => {
      const bucket = owed(name);
      bucket.debtMs = Math.max(0, bucket.debtMs + count / perSecond * SECOND_MS);
      buckets.set(name, bucket);
    },
  };
}

import { recentMap } from "../src/bounds/recent.ts";

/** What is left of a rate: keys a second, per peer. */
export type RateLimit = {
  /** Milliseconds to wait before more; 0: go on. */
  waitMs(name: string, perSecond: number): number;
  /** Tells what was used. It may be more than there was; then there is a longer wait. Below 0: gives back. */
  use(name: string, perSecond: number, count: number): void;
};

const MAX_NAMES = 10_000;

type Bucket = { debt: number; at: number };

/**
 * Counts what each name owes; debt shrinks by `perSecond`. Who owes more than a second's worth waits, so a page that
 * is larger than the rate still goes through, at the price of a pause. `clockMs` must not run backwards.
 */
export function rateLimit(clockMs: () => number): RateLimit {
  const buckets = recentMap<string, Bucket>({ maxSize: MAX_NAMES });
  const owed = (name: string, perSecond: number): Bucket => {
    const now = clockMs();
    const { debt, at } = buckets.get(name) ?? { debt: 0, at: now };
    return { debt: Math.max(0, debt - Math.max(0, now - at) / 1000 * perSecond), at: now };
  };
  return {
    waitMs: (name, perSecond) => {
      const over = owed(name, perSecond).debt - perSecond;
      return over < 0 ? 0 : Math.ceil(over / perSecond * 1000) + 1;
    },
    use: (name, perSecond, count) => {
      const bucket = owed(name, perSecond);
      bucket.debt = Math.max(0, bucket.debt + count);
      buckets.set(name, bucket);
    },
  };
}

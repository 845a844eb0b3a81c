import { recentMap } from "../src/bounds/recent.ts";

/** What is left of a rate: keys a second, per peer. */
export type RateLimit = {
  /** Milliseconds to wait before more; 0: go on. */
  waitMs(name: string, perSecond: number): number;
  /** Tells what was used. It may be more than there was; then there is a longer wait. Below 0: gives back. */
  use(name: string, perSecond: number, count: number): void;
};

const MAX_NAMES = 10_000;

/** Keys owed at a moment, and the rate at which they are paid. */
type Bucket = { readonly debt: number; readonly perSecond: number; readonly at: number };

/**
 * Counts what each name owes; debt shrinks by `perSecond`. Who owes more than a second's worth waits, so a page that is
 * larger than the rate still goes through, at the price of a pause. Under another rate nobody waits longer for what was
 * used before. `clockMs` must not run backwards.
 */
export function rateLimit(clockMs: () => number): RateLimit {
  const buckets = recentMap<string, Bucket>({ maxSize: MAX_NAMES });
  const debtOf = (name: string, perSecond: number): number => {
    const before = buckets.get(name);
    if (before === undefined) return 0;
    const paid = Math.max(0, clockMs() - before.at) / 1000 * before.perSecond;
    const left = Math.max(0, before.debt - paid);
    return Math.min(left, left / before.perSecond * perSecond);
  };
  return {
    waitMs: (name, perSecond) => {
      const over = debtOf(name, perSecond) - perSecond;
      return over < 0 ? 0 : Math.ceil(over / perSecond * 1000) + 1;
    },
    use: (name, perSecond, count) => {
      const debt = Math.max(0, debtOf(name, perSecond) + count);
      buckets.set(name, { debt, perSecond, at: clockMs() });
    },
  };
}

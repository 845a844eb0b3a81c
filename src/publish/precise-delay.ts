/** What waiting is made of. */
export type WaitingParts = {
  /** Milliseconds that only go forward. */
  readonly elapsedMs: () => number;
  /** A timer: whole milliseconds, one more or less. */
  readonly sleep: (milliseconds: number) => Promise<unknown>;
  /** Calls back once what is at hand is done: `setImmediate`. */
  readonly turn: (then: () => void) => unknown;
};

/** By so much may a timer be late. */
const TIMER_ERROR_MS = 1;

/**
 * Waits to a fraction of a millisecond, which timers cannot (Node counts whole ones): a timer takes all but the last
 * one or two milliseconds, turns of the event loop the rest. All who wait share those turns, and whatever else there
 * is to do comes between them.
 */
export function preciseDelay(
  { elapsedMs, sleep, turn }: WaitingParts,
): (milliseconds: number) => Promise<void> {
  const waiting = new Set<{ readonly until: number; readonly wake: () => void }>();
  const look = (): void => {
    const now = elapsedMs();
    for (const one of waiting) {
      if (one.until > now) continue;
      waiting.delete(one);
      one.wake();
    }
    if (waiting.size > 0) turn(look);
  };
  return async (milliseconds) => {
    const until = elapsedMs() + milliseconds;
    const whole = Math.floor(milliseconds) - TIMER_ERROR_MS;
    if (whole > 0) await sleep(whole);
    if (elapsedMs() >= until) return;
    await new Promise<void>((wake) => {
      waiting.add({ until, wake });
      if (waiting.size === 1) turn(look);
    });
  };
}

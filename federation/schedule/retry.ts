/** The shortest wait after a failure. */
const MIN_DELAY_MS = 1000;
/** The longest. */
const MAX_DELAY_MS = 900_000;

/**
 * How long to wait after so many failures in a row (1 or more): doubling from 1 s to 15 min, at random between half
 * of it and the whole, never less than 1 s. `random` is in [0, 1).
 */
export function retryDelayMs(failures: number, random: number): number {
  const longest = Math.min(MAX_DELAY_MS, MIN_DELAY_MS * 2 ** Math.min(failures, 30));
  return Math.max(MIN_DELAY_MS, Math.round(longest * (0.5 + random / 2)));
}

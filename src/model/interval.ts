import type { IntervalNumber, Seconds, Window } from "./ids.ts";

/** Seconds in one interval. */
export const INTERVAL_SECONDS = 600;
/** Intervals in one UTC day; also the longest rolling period. */
export const INTERVALS_PER_DAY = 144;
/** Seconds in one UTC day. */
export const DAY_SECONDS = 86_400;

/** The interval that holds this second. */
export function intervalAt(seconds: Seconds): IntervalNumber {
  return Math.floor(seconds / INTERVAL_SECONDS) as IntervalNumber;
}

/** The second at which an interval starts. */
export function secondsOfInterval(interval: number): Seconds {
  return (interval * INTERVAL_SECONDS) as Seconds;
}

/** The number of the UTC day that holds this second. */
export function dayAt(seconds: number): number {
  return Math.floor(seconds / DAY_SECONDS);
}

/** The number of the UTC day in which an interval starts. */
export function dayOfInterval(interval: number): number {
  return Math.floor(interval / INTERVALS_PER_DAY);
}

/** The window that holds this second: truncated to a multiple of `windowSeconds`. */
export function windowAt(seconds: number, windowSeconds: number): Window {
  return (Math.floor(seconds / windowSeconds) * windowSeconds) as Window;
}

const HOUR = 3600;
const DAY = 24 * HOUR;

/** How far a clock is stepped, in seconds, wherever a clock decides. */
export const STEPS: readonly number[] = [3 * HOUR, -3 * HOUR, DAY, -DAY, 15 * DAY];

/** A process's clocks that a test moves. */
export type HandClock = {
  readonly now: () => number;
  readonly monotonic: () => number;
  /** UTC seconds. */
  seconds: number;
  /** Seconds since the process started. */
  running: number;
};

/** Clocks that stand still at a second until they are moved. */
export function handClock(seconds: number): HandClock {
  const clock: HandClock = {
    seconds,
    running: 0,
    now: () => clock.seconds * 1000,
    monotonic: () => clock.running * 1000,
  };
  return clock;
}

/** The two clocks of a process: of the day, and of durations. */
export type Clock = {
  /** Milliseconds since the epoch. May be wrong, and may be set while the process runs. */
  readonly now: () => number;
  /** Milliseconds of any epoch that only grow, at the pace of real time. */
  readonly monotonic: () => number;
};

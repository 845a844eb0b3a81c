import { AppError } from "../errors.ts";
import type { Clock } from "../model/clock.ts";

/** A fault of the clocks. */
export type ClockFault = {
  /** `apart`: the database and this process disagree. `stepped`: the database's clock jumped. */
  readonly kind: "apart" | "stepped";
  /** How many seconds the database's clock is ahead of where it should be; negative when it is behind. */
  readonly seconds: number;
};

/** The newest comparison of the database's clock with this process's. */
export type ClockReading = {
  /** Seconds that the database's clock is ahead of the process's; 0 when the query's duration explains it. */
  readonly offsetSeconds: number;
  readonly fault?: ClockFault;
};

/**
 * Compares three clocks: the database's, which defines windows, the process's, and a monotonic one. Work that deletes
 * keys, or closes or releases windows, checks it first.
 */
export type Clocks = {
  /**
   * Call it before you query the database's time, then call the returned function with that time in UTC seconds. That
   * returns the fault of this reading, or undefined when all three clocks agree.
   */
  compare(): (databaseSeconds: number) => ClockFault | undefined;
  /** The newest reading; undefined before the first. */
  newest(): ClockReading | undefined;
  /** This process's clock, in UTC seconds. A key must have expired by this clock too before it is released. */
  processSeconds(): number;
};

/** If clocks differ by more than this, nothing is deleted, closed or released. */
const MAX_APART_SECONDS = 120;
/** After a jump of the database's clock, the new time is accepted once it has kept pace for this long. */
const BELIEVED_AFTER_MS = 3_600_000;

/** The readings of two clocks at one moment. */
type Moment = { readonly database: number; readonly monotonicMs: number };

/** Creates a comparison that remembers the last accepted time. Use one per process. */
export function compareClocks(clock: Clock): Clocks {
  let believed: Moment | undefined;
  let doubted: Moment | undefined;
  let newest: ClockReading | undefined;

  const stepOf = (moment: Moment): number => {
    if (believed === undefined) return 0;
    const step = stepBetween(believed, moment);
    if (Math.abs(step) <= MAX_APART_SECONDS) return 0;
    if (doubted === undefined || Math.abs(stepBetween(doubted, moment)) > MAX_APART_SECONDS) {
      doubted = moment;
    }
    return moment.monotonicMs - doubted.monotonicMs >= BELIEVED_AFTER_MS ? 0 : step;
  };

  return {
    compare: () => {
      const before = clock.now() / 1000;
      return (database) => {
        const moment = { database, monotonicMs: clock.monotonic() };
        const offsetSeconds = offsetOf(database, before, clock.now() / 1000);
        const step = stepOf(moment);
        const fault = faultOf(offsetSeconds, step);
        if (fault === undefined) {
          believed = moment;
          doubted = undefined;
        }
        newest = { offsetSeconds, ...(fault === undefined ? {} : { fault }) };
        return fault;
      };
    },
    newest: () => newest,
    processSeconds: () => Math.floor(clock.now() / 1000),
  };
}

/** How many seconds more the database's clock advanced than the monotonic one. */
function stepBetween(from: Moment, to: Moment): number {
  return Math.round(to.database - from.database - (to.monotonicMs - from.monotonicMs) / 1000);
}

/** The offset of a database time, truncated to seconds, that was read between `before` and `after`. */
function offsetOf(database: number, before: number, after: number): number {
  if (database > after) return Math.ceil(database - after);
  if (database + 1 < before) return Math.floor(database + 1 - before);
  return 0;
}

function faultOf(offsetSeconds: number, step: number): ClockFault | undefined {
  if (Math.abs(offsetSeconds) > MAX_APART_SECONDS) return { kind: "apart", seconds: offsetSeconds };
  return step === 0 ? undefined : { kind: "stepped", seconds: step };
}

/** The error of a job that must stop because of the clocks. */
export function clocksApart({ kind, seconds }: ClockFault): AppError {
  const far = `${Math.abs(seconds)} s ${seconds > 0 ? "ahead" : "behind"}`;
  return new AppError(
    "clocks_apart",
    kind === "apart"
      ? `the database's clock is ${far} of this server's: nothing is deleted or closed until they agree; ` +
        'set both by NTP, then look at docs/operators.md, "Clocks"'
      : `the database's clock jumped to ${far} of where it was: nothing is deleted or closed until it is back, ` +
        "or for an hour; if it is right now, restart the server",
  );
}

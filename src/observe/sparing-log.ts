import type { Log, LogFields, LogLevel } from "./log.ts";

/** Logs an event; the line has the `fields` of the first event in each interval. */
export type SparingLog = (fields: LogFields) => void;

/**
 * Logs an event at most once per `intervalMs` milliseconds: the first at once, the following ones as a single line with
 * their number in `count`.
 */
export function sparingLog(
  log: Log,
  level: LogLevel,
  event: string,
  intervalMs: number,
): SparingLog {
  let held: { readonly fields: LogFields; count: number } | undefined;
  let resting = false;
  const rest = (): void => {
    resting = true;
    const timer = setTimeout(() => {
      resting = false;
      if (held === undefined) return;
      const { fields, count } = held;
      held = undefined;
      log[level](event, { ...fields, count });
      rest();
    }, intervalMs);
    if (typeof timer === "object") timer.unref();
  };
  return (fields) => {
    if (resting) {
      if (held === undefined) held = { fields, count: 1 };
      else held.count += 1;
      return;
    }
    log[level](event, { ...fields, count: 1 });
    rest();
  };
}

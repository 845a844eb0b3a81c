import type { Log, LogFields, LogLevel } from "./log.ts";

/** Says that something happened; `fields` of the first in each interval are logged. */
export type SparingLog = (fields: LogFields) => void;

/**
 * Logs an event at most once in `intervalMs` milliseconds: the first at once, then those that came meanwhile as one line
 * with their number in `count`.
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

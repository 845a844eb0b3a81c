import { INTERVAL_SECONDS } from "../../model/interval.ts";

/** How the window of a row is decided. */
export type WindowRules = {
  /** TRUNCATE_WINDOW, from the configuration, never from outside. */
  readonly windowSeconds: number;
  /** DEBUG_RELEASE_SAME_DAY_KEYS: keys that are still valid are not held back. */
  readonly releaseSameDayKeys: boolean;
};

/** SQL for a second, truncated to the start of its window. */
export function windowOfSql(second: string, windowSeconds: number): string {
  const length = Math.floor(windowSeconds);
  return `(${second}) / ${length} * ${length}`;
}

/** SQL for the window that a row written now belongs to: that of the database's clock, but never one that is closed. */
export function currentWindowSql(windowSeconds: number): string {
  const now = windowOfSql("wayfarer_now()", windowSeconds);
  // A subquery of its own is computed once a statement, not once a row.
  return `(select greatest(${now}, next_closed_through) from window_floor)`;
}

/**
 * SQL for `created_at` of a new key in the row `sent`. A key that is still valid gets the window after the end of its
 * validity, the embargo: until then nobody can replay it. Its validity is over when it is so by the database's clock
 * and by the process's, which is the SQL `processNow` (UTC seconds).
 */
export function createdAtSql(
  { windowSeconds, releaseSameDayKeys }: WindowRules,
  processNow: string,
): string {
  const current = currentWindowSql(windowSeconds);
  // PostgreSQL refuses a statement that leaves one of its parameters out.
  if (releaseSameDayKeys) return `coalesce(${current}, ${processNow})`;
  const validUntil = `(sent.interval_number + sent.interval_count)::bigint * ${INTERVAL_SECONDS}`;
  const after = windowOfSql(`${validUntil} + ${Math.floor(windowSeconds)}`, windowSeconds);
  return `case when ${validUntil} > least(wayfarer_now(), ${processNow}) then greatest(${after}, ${current}) else ${current} end`;
}

/** SQL for `revised_at`: a key that is not public yet keeps its window, so that a revision releases none before its time. */
export function revisedAtSql(windowSeconds: number): string {
  return `greatest(${currentWindowSql(windowSeconds)}, exposure.created_at)`;
}

import { setTimeout as delay } from "node:timers/promises";
import { asWindow, type Window } from "../../model/ids.ts";
import type { Clocks } from "../clocks.ts";
import type { Database } from "../database.ts";
import { windowOfSql } from "./window-sql.ts";

/** How long windows are and when one is over, in seconds. */
export type WindowSettings = { readonly windowSeconds: number; readonly graceSeconds: number };

/** Tells which windows are closed for good. */
export type ClosedWindowWatermark = {
  /**
   * Windows that end at or before the answer are closed for good: no row with such a `created_at` or
   * `revised_at` is or will be written. Raises the floor when the database's clock allows it; never while it and
   * this process's are apart, since a floor that was raised is never lowered.
   */
  closedThrough(): Promise<Window>;
};

type Floor = { closed: number; next: number; over: number; now: number };

/** How often a writer that was there before the announcement is looked for again, and how many times. */
const WRITER_POLL_MS = 20;
const WRITER_POLLS = 250;

/**
 * Closing takes two steps, so that no clock and no late commit can break the promise. First the new floor is
 * announced: statements that begin afterwards write above it, whatever the clock says. It holds once every
 * transaction that was writing exposures at the announcement has ended; their table locks tell. A statement
 * takes that lock before it takes its snapshot, so one that has no lock yet will see the announcement.
 */
export function closedWindowWatermark(
  { sql }: Database,
  settings: WindowSettings,
  clocks: Clocks,
): ClosedWindowWatermark {
  const over = windowOfSql(
    `wayfarer_now() - ${Math.floor(settings.graceSeconds)}`,
    settings.windowSeconds,
  );

  const read = async (): Promise<Floor> => {
    const [row] = await sql<Floor[]>`
      select closed_through as closed, next_closed_through as next,
             ${sql.unsafe(over)} as over, wayfarer_now() as now
      from window_floor`;
    if (row === undefined) throw new Error("the table window_floor lost its row");
    return row;
  };

  const writers = async (): Promise<readonly string[]> => {
    const rows = await sql<{ writer: string }[]>`
      select virtualtransaction as writer from pg_locks
      where locktype = 'relation' and mode = 'RowExclusiveLock' and granted
        and relation = 'exposure'::regclass
        and database = (select oid from pg_database where datname = current_database())`;
    return rows.map((row) => row.writer);
  };

  const outlived = async (): Promise<boolean> => {
    let remaining = new Set(await writers());
    for (let poll = 0; remaining.size > 0 && poll < WRITER_POLLS; poll++) {
      await delay(WRITER_POLL_MS);
      const now = new Set(await writers());
      remaining = new Set([...remaining].filter((writer) => now.has(writer)));
    }
    return remaining.size === 0;
  };

  return {
    closedThrough: async () => {
      const judge = clocks.compare();
      const floor = await read();
      if (judge(floor.now) !== undefined) return asWindow(floor.closed);
      const next = Math.max(floor.next, floor.over);
      if (next > floor.next) {
        await sql`update window_floor set next_closed_through = ${next} where next_closed_through < ${next}`;
      }
      if (next > floor.closed && await outlived()) {
        await sql`update window_floor set closed_through = ${next} where closed_through < ${next}`;
        return asWindow(next);
      }
      return asWindow(floor.closed);
    },
  };
}

import type { Database } from "../database.ts";
import type { SeriesName } from "../../model/export-place.ts";
import { holdsKeys, type KeyRules } from "../exposure/selection.ts";
import { fillWindow, type OpenBatch, type PaddingPlan } from "./padding.ts";
import { inTurn, ofSeries, overlapsUnsettled, unsettledOf } from "./window.ts";

/** One series: its windows are aligned to `periodSeconds`. */
export type SeriesPlan = {
  readonly config: string;
  readonly series: SeriesName;
  readonly periodSeconds: number;
  /** Windows that do not overlap [fromSeconds, thruSeconds) are left out. */
  readonly fromSeconds: number;
  readonly thruSeconds: number;
  readonly rules: KeyRules;
};

/** The minimum age of a window, and how many windows a series gets at once. */
export type ScheduleLimits = {
  /** Windows that end at or before this second can get no more keys. */
  readonly closedThrough: number;
  /** Seconds since a window's end, by the database's clock. */
  readonly minAgeSeconds: number;
  readonly maxWindows: number;
};

/** A window that was settled; `error` when that failed. */
export type Settled = { readonly batch: OpenBatch; readonly error?: unknown };

/** Windows of exports, and the generated keys in them. */
export type ExportSchedule = {
  /**
   * Creates a batch for every due window that has none, oldest first. A new series starts with its most recent complete
   * window. Even after edits, the batches of a series follow each other without gap or overlap. Returns the number of
   * windows handled.
   */
  schedule(plans: readonly SeriesPlan[], limits: ScheduleLimits): Promise<number>;
  /**
   * Settles the oldest open window: its keys become final, and it is padded if there are too few. Undefined when no
   * window of these series is open. Shorter windows come first, so that their generated keys count for the longer ones.
   */
  settleNext(plans: readonly SeriesPlan[], padding: PaddingPlan): Promise<Settled | undefined>;
  /** Completes all settled windows without any key. Returns how many. */
  completeEmpty(plans: readonly SeriesPlan[]): Promise<number>;
};

/** Windows of exports in the database. */
export function exportSchedule({ bulk }: Database): ExportSchedule {
  return {
    schedule: async (plans, { closedThrough, minAgeSeconds, maxWindows }) =>
      await inTurn(bulk, async (sql) => {
        const column = (key: "periodSeconds" | "fromSeconds" | "thruSeconds") =>
          sql.array(plans.map((plan) => plan[key]), 20);
        const plan = sql`unnest(
          ${sql.array(plans.map((one) => one.config))}::text[],
          ${sql.array(plans.map((one) => one.series))}::text[],
          ${column("periodSeconds")}::bigint[], ${column("fromSeconds")}::bigint[],
          ${column("thruSeconds")}::bigint[]) as plan (config, series, period, starts_from, thru)`;
        const over =
          sql`least(wayfarer_now() - ${minAgeSeconds}::bigint, ${closedThrough}::bigint)`;
        await sql`
          insert into export_schedule (config, series, reached)
          select config, series, ${over} / period * period - period from ${plan}
          on conflict (config, series) do nothing`;
        const [passed] = await sql<{ windows: number }[]>`
          with due as (
            select config, series, starts_from, thru, ends_at,
                   greatest(ends_at - period, reached) as starts_at
            from ${plan} join export_schedule using (config, series), lateral generate_series(
              (reached / period + 1) * period,
              least(${over}, reached + period * ${maxWindows}::bigint),
              period) as ends_at
          ), made as (
            insert into export_batch (config, series, starts_at, ends_at, state, made_at)
            select config, series, starts_at, ends_at,
                   case when ${holdsKeys(sql, sql`due`)} then 'open' else 'padded' end,
                   wayfarer_now()
            from due where ends_at > starts_from and starts_at < thru
          ), reaching as (
            update export_schedule set reached = passed.ends_at
            from (select config, series, max(ends_at) as ends_at from due group by config, series) as passed
            where (export_schedule.config, export_schedule.series) = (passed.config, passed.series)
          )
          select count(*) as windows from due`;
        return passed?.windows ?? 0;
      }),

    settleNext: async (plans, padding) => {
      let batch: OpenBatch | undefined;
      try {
        await inTurn(bulk, async (sql) => {
          [batch] = await sql<OpenBatch[]>`
            select id, config, series, starts_at as "startsAt", ends_at as "endsAt"
            from export_batch where state = 'open' and ${ofSeries(sql, plans)}
            order by ends_at, starts_at desc, id limit 1`;
          if (batch === undefined) return;
          await fillWindow(sql, batch, plans, padding);
          await sql`update export_batch set state = 'padded' where id = ${batch.id}`;
        });
      } catch (error) {
        if (batch === undefined) throw error;
        return { batch, error };
      }
      return batch && { batch };
    },

    completeEmpty: async (plans) =>
      await inTurn(bulk, async (sql) => {
        const completed = await sql`
          ${unsettledOf(sql, plans)}
          update export_batch as batch set state = 'complete', finished_at = wayfarer_now()
          where state = 'padded' and ${ofSeries(sql, plans)}
            and not ${holdsKeys(sql, sql`batch`)} and not ${overlapsUnsettled(sql)}`;
        return completed.count;
      }),
  };
}

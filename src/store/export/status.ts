import type { Database } from "../database.ts";

/** The status of an export for display. Times are UTC seconds. */
export type ExportStatus = {
  readonly config: string;
  readonly series: string;
  /** Windows up to this second have a batch. */
  readonly reached: number;
  /** End of the newest window that is in the index or was empty; absent before the first. */
  readonly exportedThrough?: number;
  /**
   * How long the oldest unfinished window has been due, with or without a batch, or how far windows are closed ahead of
   * the clock; 0 when neither applies.
   */
  readonly lagSeconds: number;
  /** Windows are closed up to this second, ahead of the clock: keys published now wait until then. */
  readonly closedUntil?: number;
  readonly waiting: number;
  /** The last failure of the oldest unfinished window, and the number of failures. */
  readonly lastError?: string;
  readonly attempts: number;
};

/** A stored export file, for display. */
export type ExportFileStatus = {
  readonly bucket: string;
  readonly name: string;
  readonly config: string;
  readonly startsAt: number;
  readonly endsAt: number;
  readonly keyCount: number;
  readonly revisedKeyCount: number;
  readonly byteCount: number;
  readonly writtenAt: number;
  /** Whether an index names it. */
  readonly listed: boolean;
};

/** The position in a list of files: continue with files older than this one. */
export type FilePosition = {
  readonly endsAt: number;
  readonly bucket: string;
  readonly name: string;
};

/** A configured series: its windows up to `thruSeconds` are due `minAgeSeconds` after their end. */
export type DueSeries = {
  readonly config: string;
  readonly series: string;
  readonly periodSeconds: number;
  readonly thruSeconds: number;
};

/** The exports as the console and the admin API show them. */
export type ExportStatuses = {
  /** The status of those of these series that have been scheduled. */
  all(series: readonly DueSeries[], minAgeSeconds: number): Promise<readonly ExportStatus[]>;
  /** Files, newest window first; of one config, or of all. */
  files(
    config: string | undefined,
    before: FilePosition | undefined,
    limit: number,
  ): Promise<readonly ExportFileStatus[]>;
};

type StatusRow = Omit<ExportStatus, "exportedThrough" | "lastError" | "closedUntil"> & {
  readonly closedUntil: number | null;
  readonly exportedThrough: number | null;
  readonly lastError: string | null;
};

/** The status of exports in the database. */
export function exportStatuses({ sql }: Database): ExportStatuses {
  return {
    all: async (series, minAgeSeconds) => {
      const column = (key: "periodSeconds" | "thruSeconds") =>
        sql.array(series.map((one) => one[key]), 20);
      const rows = await sql<StatusRow[]>`
        select config, series, reached,
               (select max(ends_at) from export_batch as done
                where (done.config, done.series) = (schedule.config, schedule.series)
                  and state = 'complete') as "exportedThrough",
               greatest(0, floor.next_closed_through - wayfarer_now(), wayfarer_now() - ${minAgeSeconds}::bigint - coalesce(
                 oldest.ends_at, case when reached < thru then (reached / period + 1) * period end,
                 wayfarer_now())) as "lagSeconds",
               case when floor.next_closed_through > wayfarer_now() then floor.next_closed_through end
                 as "closedUntil",
               (select count(*) from export_batch as open
                where (open.config, open.series) = (schedule.config, schedule.series)
                  and state <> 'complete') as waiting,
               oldest.last_error as "lastError", coalesce(oldest.attempts, 0) as attempts
        from window_floor as floor cross join export_schedule as schedule join unnest(
          ${sql.array(series.map((one) => one.config))}::text[],
          ${sql.array(series.map((one) => one.series))}::text[],
          ${column("periodSeconds")}::bigint[], ${column("thruSeconds")}::bigint[]
        ) as plan (config, series, period, thru) using (config, series) left join lateral (
          select ends_at, last_error, attempts from export_batch as batch
          where (batch.config, batch.series) = (schedule.config, schedule.series)
            and state <> 'complete'
          order by ends_at limit 1) as oldest on true
        order by config, series`;
      return rows.map(({ exportedThrough, lastError, closedUntil, ...row }) => ({
        ...row,
        ...(closedUntil === null ? {} : { closedUntil }),
        ...(exportedThrough === null ? {} : { exportedThrough }),
        ...(lastError === null ? {} : { lastError }),
      }));
    },

    files: (config, before, limit) => {
      const from = before ?? { endsAt: Number.MAX_SAFE_INTEGER, bucket: "", name: "" };
      return sql<ExportFileStatus[]>`
        select bucket, name, config, starts_at as "startsAt", ends_at as "endsAt",
               key_count as "keyCount", revised_key_count as "revisedKeyCount",
               byte_count as "byteCount", written_at as "writtenAt", unlisted_at is null as listed
        from export_file
        where (ends_at, bucket, name) < (${from.endsAt}, ${from.bucket}, ${from.name}) and batch <> 0
          and ${config === undefined ? sql`true` : sql`config = ${config}`}
        order by ends_at desc, bucket desc, name desc limit ${limit}`;
    },
  };
}

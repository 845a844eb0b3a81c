import type postgres from "postgres";
import type { Database, Sql, Transaction } from "./database.ts";
import type { Span } from "./export-keys.ts";

/** A run of windows of one config: those of its period, or its daily roll-up. */
export type SeriesName = "period" | "24h";

/** Which series of which config. */
export type SeriesId = { readonly config: string; readonly series: SeriesName };

/** A window whose keys are settled: its files are to be made, or only to be named by the index. */
export type ReadyBatch = Span & SeriesId & {
  readonly id: number;
  readonly state: "padded" | "written";
  /** Where its files are, once they are written. */
  readonly bucket: string | null;
  readonly root: string | null;
  /** The database's clock, in UTC seconds. */
  readonly now: number;
};

/** A place for files: a bucket and the first part of their names. */
export type ExportPlace = { readonly bucket: string; readonly root: string };

/** A stored file. */
export type WrittenFile = {
  /** Its name below the export base: `ROOT/START-END-NNNNN.zip`. */
  readonly name: string;
  readonly number: number;
  readonly keyCount: number;
  readonly revisedKeyCount: number;
  readonly byteCount: number;
};

/** The lease that allows to work on a batch. */
export type BatchLease = { readonly name: string; readonly holder: string };

/** Work on windows whose keys are settled. */
export type ExportBatches = {
  /**
   * The oldest unfinished window of each series, oldest first, unless its keys, or those of a window that
   * overlaps it, are not settled yet.
   */
  ready(series: readonly SeriesId[]): Promise<readonly ReadyBatch[]>;
  /** The first number that no file of another batch has for the same place and window; 1 as a rule. */
  firstNumber(batch: ReadyBatch, place: ExportPlace): Promise<number>;
  /** Notes the stored files of a batch; false when the lease was lost or the batch went on without us. */
  noteWritten(
    batch: ReadyBatch,
    lease: BatchLease,
    place: ExportPlace,
    files: readonly WrittenFile[],
  ): Promise<boolean>;
  /** Ends a batch: with its files in the index, or with none. */
  complete(batch: ReadyBatch): Promise<void>;
  /** Keeps why it failed, for people; it stays to be done. */
  noteFailure(batch: ReadyBatch, message: string): Promise<void>;
};

/** Work on windows in the database. */
export function exportBatches({ bulk }: Database): ExportBatches {
  return {
    ready: async (series) =>
      await bulk<ReadyBatch[]>`
        ${unsettledOf(bulk, series)}
        select id, config, series, starts_at as "startsAt", ends_at as "endsAt", state,
               bucket, root, wayfarer_now() as now
        from unnest(
          ${bulk.array(series.map((one) => one.config))}::text[],
          ${bulk.array(series.map((one) => one.series))}::text[]) as wanted (its_config, its_series)
        cross join lateral (
          select * from export_batch
          where config = its_config and series = its_series and state <> 'complete'
          order by ends_at limit 1) as batch
        left join lateral (select bucket, root from export_file where batch = batch.id limit 1) as place on true
        where state <> 'open' and (state = 'written' or not ${overlapsUnsettled(bulk)})
        order by ends_at, starts_at desc, id`,

    firstNumber: async (batch, { bucket, root }) => {
      const [found] = await bulk<{ number: number }[]>`
        select coalesce(max(number), 0) + 1 as number from export_file
        where bucket = ${bucket} and root = ${root}
          and starts_at = ${batch.startsAt} and ends_at = ${batch.endsAt} and batch <> ${batch.id}`;
      return found?.number ?? 1;
    },

    noteWritten: async (batch, lease, { bucket, root }, files) =>
      await bulk.begin(async (sql) => {
        const held = await sql`
          select from lease where name = ${lease.name} and holder = ${lease.holder} for update`;
        if (held.count === 0) return false;
        const changed = await sql`
          update export_batch set state = 'written', last_error = null
          where id = ${batch.id} and state = 'padded'`;
        if (changed.count === 0) return false;
        const numbers = (key: "number" | "keyCount" | "revisedKeyCount" | "byteCount") =>
          sql.array(files.map((file) => file[key]), 23);
        await sql`
          insert into export_file (bucket, name, root, batch, config, starts_at, ends_at, written_at,
                                   number, key_count, revised_key_count, byte_count)
          select ${bucket}, name, ${root}, ${batch.id}, ${batch.config}, ${batch.startsAt},
                 ${batch.endsAt}, wayfarer_now(), number, key_count, revised_key_count, byte_count
          from unnest(${sql.array(files.map((file) => file.name))}::text[], ${
          numbers("number")
        }::int[],
                      ${numbers("keyCount")}::int[], ${numbers("revisedKeyCount")}::int[],
                      ${numbers("byteCount")}::int[])
               as file (name, number, key_count, revised_key_count, byte_count)`;
        return true;
      }),

    complete: async (batch) => {
      await bulk`
        update export_batch set state = 'complete', finished_at = wayfarer_now(), last_error = null
        where id = ${batch.id} and state in ('padded', 'written')`;
    },

    noteFailure: async (batch, message) => {
      await bulk`
        update export_batch set attempts = attempts + 1, last_error = ${message}
        where id = ${batch.id} and state <> 'complete'`;
    },
  };
}

/** Whether a row of `export_batch` belongs to one of these series; those of a deleted config wait for its return. */
export function ofSeries(sql: Sql | Transaction, series: readonly SeriesId[]): postgres.Fragment {
  return sql`(config, series) in (select * from unnest(
    ${sql.array(series.map((one) => one.config))}::text[],
    ${sql.array(series.map((one) => one.series))}::text[]))`;
}

/** Whether any key at all was published or revised in the window of the row `window`. */
export function holdsKeys(sql: Sql | Transaction, window: postgres.Fragment): postgres.Fragment {
  return sql`(
    exists (select from exposure
            where created_at >= ${window}.starts_at and created_at < ${window}.ends_at)
    or exists (select from exposure
               where revised_at >= ${window}.starts_at and revised_at < ${window}.ends_at))`;
}

/** A `with` clause: `unsettled` are the windows of these series that may still get generated keys. */
export function unsettledOf(
  sql: Sql | Transaction,
  series: readonly SeriesId[],
): postgres.Fragment {
  return sql`with unsettled as materialized (
    select starts_at, ends_at from export_batch where state = 'open' and ${ofSeries(sql, series)})`;
}

/** Whether the row `batch` overlaps a row of {@link unsettledOf}. */
export function overlapsUnsettled(sql: Sql | Transaction): postgres.Fragment {
  return sql`exists (
    select from unsettled as other
    where other.starts_at < batch.ends_at and other.ends_at > batch.starts_at)`;
}

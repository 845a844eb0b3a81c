import { type Database, sqlState } from "./database.ts";
import type { Sql, Transaction } from "./sql.ts";
import type { ExportPlace } from "../model/export-place.ts";

/** A row of `exposure` in the order of their age. */
export type ExposurePosition = { readonly createdAt: number; readonly key: Uint8Array };

/** A file that no index names any more. */
export type UnlistedFile = {
  readonly bucket: string;
  readonly name: string;
  /** End of its window, UTC seconds. */
  readonly endsAt: number;
};

/** A window that was never exported completely. Seconds are UTC. */
export type LostWindow = {
  readonly config: string;
  readonly startsAt: number;
  readonly endsAt: number;
};

/** What goes away with time. Every call does at most `limit` rows, at a cost that does not grow with the table. */
export type RetentionStore = {
  /** The database's clock, in UTC seconds. */
  now(): Promise<number>;
  /**
   * Deletes exposures published before a second, oldest first, after a position. Rows that somebody works on
   * are passed over. Answers how many, and where to go on; no position when none are left.
   */
  deleteExposures(
    before: number,
    after: ExposurePosition | undefined,
    limit: number,
  ): Promise<{ readonly deleted: number; readonly next?: ExposurePosition }>;
  /** Places whose index names files of windows that ended at or before a second. */
  placesWithFilesUntil(endsAt: number): Promise<readonly ExportPlace[]>;
  /** Files that left their index at or before a second, by the end of their windows, those after a file. */
  filesUnlistedUntil(
    second: number,
    after: UnlistedFile | undefined,
    limit: number,
  ): Promise<readonly UnlistedFile[]>;
  /** Forgets files that are no longer stored. */
  forgetFiles(files: readonly UnlistedFile[]): Promise<void>;
  /** Deletes windows that ended at or before a second and have no files; names those that were not exported. */
  deleteBatches(
    endsAt: number,
    limit: number,
  ): Promise<{ readonly deleted: number; readonly lost: readonly LostWindow[] }>;
  /** Deletes what is remembered of exports without a config that reached no further than a second. */
  deleteSchedules(reached: number, limit: number): Promise<number>;
  /** Deletes runs of jobs that finished before a second, but never the newest of a job. */
  deleteJobRuns(before: number, limit: number): Promise<number>;
  /** Deletes leases that ended before a second. */
  deleteLeases(before: number, limit: number): Promise<number>;
};

/** How long a delete waits for somebody who works on a row, before it passes over such rows. */
const LOCK_TIMEOUT_MS = 200;
const LOCK_NOT_AVAILABLE = "55P03";

/** What goes away with time, in the database. */
export function retentionStore({ bulk }: Database): RetentionStore {
  return {
    now: async () => {
      const [row] = await bulk<{ now: number }[]>`select wayfarer_now() as now`;
      return row?.now ?? 0;
    },

    deleteExposures: (before, after, limit) => {
      const from = after ?? { createdAt: 0, key: NO_KEY };
      // Locking rows to pass over those that are held costs more than deleting: only when some are.
      return deleteInOrder(bulk, before, from, limit).catch((error: unknown) => {
        if (sqlState(error) === LOCK_NOT_AVAILABLE) return deleteFree(bulk, before, from, limit);
        throw error;
      });
    },

    placesWithFilesUntil: (endsAt) =>
      bulk<ExportPlace[]>`
        select distinct bucket, root from export_file
        where unlisted_at is null and ends_at <= ${endsAt} order by bucket, root`,

    filesUnlistedUntil: (second, after, limit) => {
      const from = after ?? { endsAt: 0, bucket: "", name: "" };
      return bulk<UnlistedFile[]>`
        select bucket, name, ends_at as "endsAt" from export_file
        where unlisted_at <= ${second}
          and (ends_at, bucket, name) > (${from.endsAt}, ${from.bucket}, ${from.name})
        order by ends_at, bucket, name limit ${limit}`;
    },

    forgetFiles: async (files) => {
      await bulk`
        delete from export_file where unlisted_at is not null and (bucket, name) in (select * from unnest(
          ${bulk.array(files.map((file) => file.bucket))}::text[],
          ${bulk.array(files.map((file) => file.name))}::text[]))`;
    },

    deleteBatches: async (endsAt, limit) => {
      const gone = await bulk<(LostWindow & { complete: boolean })[]>`
        delete from export_batch where id in (
          select id from export_batch as batch
          where ends_at <= ${endsAt} and not exists (select from export_file where batch = batch.id)
          order by ends_at, id limit ${limit})
        returning config, starts_at as "startsAt", ends_at as "endsAt", state = 'complete' as complete`;
      const lost = gone.filter((window) => !window.complete)
        .map(({ complete: _, ...window }) => window);
      return { deleted: gone.length, lost };
    },

    deleteSchedules: async (reached, limit) => {
      const gone = await bulk`
        delete from export_schedule where (config, series) in (
          select config, series from export_schedule as schedule
          where reached <= ${reached} and not exists (
            select from resource where kind = 'ExportConfig' and name = schedule.config)
          limit ${limit})`;
      return gone.count;
    },

    deleteJobRuns: async (before, limit) => {
      const gone = await bulk`
        delete from job_run where id in (
          select id from job_run as run
          where finished_at < ${before} and exists (
            select from job_run as newer where newer.name = run.name and newer.id > run.id)
          order by id limit ${limit})`;
      return gone.count;
    },

    deleteLeases: async (before, limit) => {
      const gone = await bulk`
        delete from lease where name in (
          select name from lease where expires_at < ${before} order by name limit ${limit}
          for update skip locked)`;
      return gone.count;
    },
  };
}

/** Less than any key. */
const NO_KEY = new Uint8Array(0);

type Deleted = { readonly deleted: number; readonly next?: ExposurePosition };

/** What a crash brings back is deleted by the next run: nobody has to wait for the disk. */
async function relaxed<T>(bulk: Sql, work: (sql: Transaction) => Promise<T>): Promise<T> {
  const done = await bulk.begin(async (sql) => {
    await sql`set local synchronous_commit = off`;
    await sql.unsafe(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
    return { answer: await work(sql) };
  });
  return done.answer;
}

/** Whole windows as far as the limit goes, in the order in which they lie on the disk; a larger one in parts. */
async function deleteInOrder(
  bulk: Sql,
  before: number,
  from: ExposurePosition,
  limit: number,
): Promise<Deleted> {
  return await relaxed(bulk, async (sql) => {
    const [span] = await sql<{ rows: number; first: number | null; last: number }[]>`
      select count(*) as rows, min(created_at) as first, max(created_at) as last from (
        select created_at from exposure
        where created_at < ${before} and (created_at, key) > (${from.createdAt}, ${from.key})
        order by created_at, key limit ${limit}) as old`;
    if (span === undefined || span.first === null) return { deleted: 0 };
    const { rows, first, last } = span;
    if (rows === limit && last === first) {
      return await deletePart(sql, first, first === from.createdAt ? from.key : NO_KEY, limit);
    }
    const until = rows === limit ? last : before;
    const { count } = await sql`
      delete from exposure where created_at >= ${first} and created_at < ${until}`;
    if (rows < limit) return { deleted: count };
    return { deleted: count, next: { createdAt: until, key: NO_KEY } };
  });
}

/** The next part of a window that is larger than the limit. */
async function deletePart(
  sql: Transaction,
  createdAt: number,
  after: Uint8Array,
  limit: number,
): Promise<Deleted> {
  const [last] = await sql<{ key: Uint8Array }[]>`
    select key from (
      select key from exposure where created_at = ${createdAt} and key > ${after}
      order by key limit ${limit}) as part
    order by key desc limit 1`;
  if (last === undefined) return { deleted: 0 };
  const { count } = await sql`
    delete from exposure where created_at = ${createdAt} and key > ${after} and key <= ${last.key}`;
  return { deleted: count, next: { createdAt, key: last.key } };
}

/** Those that nobody works on. */
async function deleteFree(
  bulk: Sql,
  before: number,
  from: ExposurePosition,
  limit: number,
): Promise<Deleted> {
  return await relaxed(bulk, async (sql) => {
    const [last] = await sql<(ExposurePosition & { deleted: number })[]>`
      with old as materialized (
        select ctid as place, created_at, key from exposure
        where created_at < ${before} and (created_at, key) > (${from.createdAt}, ${from.key})
        order by created_at, key limit ${limit} for update skip locked
      ), gone as (
        -- By place: no index to search, and no table to join.
        delete from exposure where ctid = any (array(select place from old)) returning true
      )
      select created_at as "createdAt", key, (select count(*) from gone) as deleted
      from old order by created_at desc, key desc limit 1`;
    if (last === undefined) return { deleted: 0 };
    const { deleted, ...next } = last;
    return deleted < limit ? { deleted } : { deleted, next };
  });
}

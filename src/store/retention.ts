import { attestedKeys } from "./attest/attested-key.ts";
import { usedTokens } from "./attest/used-token.ts";
import type { ExportPlace } from "../model/export-place.ts";
import type { Database } from "./database.ts";
import {
  type DeletedExposures,
  deleteExposures,
  type ExposurePosition,
} from "./exposure/expire.ts";

/** A file that no index names anymore. */
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

/** Deletes old rows. Each call handles at most `limit` rows, at a cost that does not grow with the table. */
export type RetentionStore = {
  /**
   * Deletes exposures published before a second, oldest first, after a position. Skips locked rows. Returns how many,
   * and the position to continue from; no position when none are left.
   */
  deleteExposures(
    before: number,
    after: ExposurePosition | undefined,
    limit: number,
  ): Promise<DeletedExposures>;
  /**
   * Windows that began before a second and whose export is incomplete, with or without a batch: their keys are deleted
   * next.
   */
  unexported(before: number): Promise<readonly LostWindow[]>;
  /** Places whose index names files of windows that ended at or before a second. */
  placesWithFilesUntil(endsAt: number): Promise<readonly ExportPlace[]>;
  /** Files that left their index at or before a second, by the end of their windows, those after a file. */
  filesUnlistedUntil(
    second: number,
    after: UnlistedFile | undefined,
    limit: number,
  ): Promise<readonly UnlistedFile[]>;
  /** Deletes the rows of files that are no longer stored. */
  forgetFiles(files: readonly UnlistedFile[]): Promise<void>;
  /** Deletes windows that ended at or before a second and have no files; names those that were not exported. */
  deleteBatches(
    endsAt: number,
    limit: number,
  ): Promise<{ readonly deleted: number; readonly lost: readonly LostWindow[] }>;
  /** Deletes the schedules of deleted configs that reached no further than a second. */
  deleteSchedules(reached: number, limit: number): Promise<number>;
  /** Deletes runs of jobs that finished before a second, but never the newest run of a job. */
  deleteJobRuns(before: number, limit: number): Promise<number>;
  /** Deletes used attestations that expired at or before a second. */
  deleteUsedAttestations(second: number, limit: number): Promise<number>;
  /** Deletes registered keys of App Attest that expired at or before a second. */
  deleteAttestedKeys(second: number, limit: number): Promise<number>;
  /** Deletes leases that ended before a second. */
  deleteLeases(before: number, limit: number): Promise<number>;
};

/** Deletes old rows in the database. */
export function retentionStore(database: Database): RetentionStore {
  const { bulk } = database;
  return {
    deleteUsedAttestations: usedTokens(database).deleteExpired,
    deleteAttestedKeys: attestedKeys(database).deleteExpired,

    deleteExposures: (before, after, limit) => deleteExposures(bulk, before, after, limit),

    unexported: async (before) =>
      await bulk<LostWindow[]>`
        select config, starts_at as "startsAt", ends_at as "endsAt" from export_batch
        where state <> 'complete' and starts_at < ${before}
        union all
        select config, reached, ${before} from export_schedule
        where reached < ${before} and exists (
          select from resource where kind = 'ExportConfig' and name = config)
        order by 3, 2, 1`,

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

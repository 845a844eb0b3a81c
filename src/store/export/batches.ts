import type { Database } from "../database.ts";
import type { BatchLease, ReadyBatch, SeriesId, WrittenFile } from "./batch.ts";
import { type BatchPlan, noteFiles, planFiles, type PlannedFile } from "./plan.ts";
import { overlapsUnsettled, unsettledOf } from "./window.ts";

/** Batches: windows whose keys are final. */
export type ExportBatches = {
  /**
   * The oldest unfinished window of each series, oldest first, unless its keys or those of an overlapping window are
   * not final yet.
   */
  ready(series: readonly SeriesId[]): Promise<readonly ReadyBatch[]>;
  /** See {@link planFiles}. */
  plan(
    batch: ReadyBatch,
    series: readonly SeriesId[],
    plan: BatchPlan,
    name: (number: number) => string,
  ): Promise<readonly PlannedFile[] | undefined>;
  /** See {@link noteFiles}. */
  noteWritten(
    batch: ReadyBatch,
    lease: BatchLease,
    bucket: string,
    files: readonly WrittenFile[],
  ): Promise<boolean>;
  /** Completes a batch whose files are in the index, or that has no files. */
  complete(batch: ReadyBatch): Promise<void>;
  /** Stores the reason of a failure for display; the batch stays unfinished. */
  noteFailure(batch: { readonly id: number }, message: string): Promise<void>;
};

/** Batches in the database. */
export function exportBatches({ bulk }: Database): ExportBatches {
  return {
    ready: async (series) =>
      await bulk<ReadyBatch[]>`
        ${unsettledOf(bulk, series)}
        select id, config, series, starts_at as "startsAt", ends_at as "endsAt", state,
               generation, bucket, root, wayfarer_now() as now
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

    plan: (batch, series, plan, name) => planFiles(bulk, batch, series, plan, name),

    noteWritten: (batch, lease, bucket, files) => noteFiles(bulk, batch, lease, bucket, files),

    complete: async (batch) => {
      await bulk`
        update export_batch set state = 'complete', finished_at = wayfarer_now(), last_error = null
        where id = ${batch.id} and generation = ${batch.generation} and state in ('padded', 'written')`;
    },

    noteFailure: async (batch, message) => {
      await bulk`
        update export_batch set attempts = attempts + 1, last_error = ${message}
        where id = ${batch.id} and state <> 'complete'`;
    },
  };
}

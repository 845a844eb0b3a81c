import type { ExportBatches } from "../store/export/batches.ts";
import type { ReadyBatch } from "../store/export/batch.ts";
import type { ExportIndexes } from "../store/export/index-file.ts";
import type { HeldLease } from "../store/lease-hold.ts";
import { type FileWriter, writeFiles } from "./batch-files.ts";
import { fileName } from "../export-file/served-files.ts";
import { placeOf } from "../model/export-place.ts";
import { publishIndex } from "./publish-index.ts";
import type { Series } from "./series.ts";
import type { ExportSettings } from "./settings.ts";
import { type SignerDependencies, withUsableSigners } from "./signers.ts";

/** What working on a batch needs. */
export type BatchWorker = FileWriter & SignerDependencies & {
  readonly batches: ExportBatches;
  readonly indexes: ExportIndexes;
  readonly settings: ExportSettings;
};

/** What came of a batch: `yielded` means that another worker has it now, or that its keys are to be settled again. */
export type BatchResult = {
  readonly files: number;
  readonly keys: number;
  readonly yielded: boolean;
};

/**
 * Exports one window: files, then the index, then the mark that it is done. Whatever point a worker dies at,
 * the next one does the rest: before the files are noted it makes the same ones again, or, when the config was
 * edited, others with other names; after that never. `all` are the series whose open windows it waits for.
 */
export async function exportBatch(
  worker: BatchWorker,
  batch: ReadyBatch,
  { definition, series, rules }: Series,
  all: readonly Series[],
  lease: HeldLease,
  signal: AbortSignal,
): Promise<BatchResult> {
  const { batches, settings } = worker;
  const nothing = { files: 0, keys: 0, yielded: false };
  if (batch.state === "written") {
    // The config may name another place by now; without any file they are past CLEANUP_TTL.
    const { bucket, root } = batch;
    if (bucket !== null && root !== null) await publishIndex(worker, { bucket, root }, signal);
    await batches.complete(batch);
    return nothing;
  }
  const place = placeOf(definition, series);
  const counts = await worker.exposures.count(batch, rules);
  const empty = counts.keys + counts.revised === 0;
  const plan = {
    ...place,
    region: definition.outputRegion,
    rules,
    maxRecords: definition.maxRecords ?? settings.maxRecords,
    counts,
  };
  const planned = await batches.plan(batch, all, plan, (n) => fileName(place.root, batch, n));
  if (planned === undefined) return { ...nothing, yielded: true };
  if (empty) {
    await batches.complete(batch);
    return nothing;
  }
  const files = await withUsableSigners(
    worker,
    definition,
    batch.now,
    (signers) => writeFiles(worker, { batch, plan, signers, planned }, signal),
  );
  if (!await batches.noteWritten(batch, lease, place.bucket, files)) {
    return { ...nothing, yielded: true };
  }
  await publishIndex(worker, place, signal);
  await batches.complete(batch);
  return {
    files: files.length,
    keys: files.reduce((sum, file) => sum + file.keyCount + file.revisedKeyCount, 0),
    yielded: false,
  };
}

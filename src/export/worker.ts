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

/** The dependencies of a batch worker. */
export type BatchWorker = FileWriter & SignerDependencies & {
  readonly batches: ExportBatches;
  readonly indexes: ExportIndexes;
  readonly settings: ExportSettings;
};

/** The result for a batch. `yielded`: another worker has it now, or the window was opened again. */
export type BatchResult = {
  readonly files: number;
  readonly keys: number;
  readonly yielded: boolean;
};

/**
 * Exports one window: writes the files, then the index, then marks the window done. If a worker dies at any point, the
 * next one completes the window. Until the files are recorded, it builds the same files again, or files with other
 * names if the config was edited; once they are recorded, it builds none. `all` are the series whose open windows it
 * waits for.
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
    // The config may name another place by now. A window without any file left is past CLEANUP_TTL.
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

import type { ExportBatches, ReadyBatch } from "../store/export-batch.ts";
import type { ExportIndexes } from "../store/export-index.ts";
import type { HeldLease } from "../store/lease-hold.ts";
import { type FileWriter, writeFiles } from "./batch-files.ts";

import { placeOf } from "./place.ts";
import { publishIndex } from "./publish-index.ts";
import type { Series } from "./series.ts";
import type { ExportSettings } from "./settings.ts";
import { type SignerDependencies, signersOf } from "./signers.ts";

/** What working on a batch needs. */
export type BatchWorker = FileWriter & SignerDependencies & {
  readonly batches: ExportBatches;
  readonly indexes: ExportIndexes;
  readonly settings: ExportSettings;
};

/** What came of a batch: `yielded` means that another worker has it now. */
export type BatchResult = {
  readonly files: number;
  readonly keys: number;
  readonly yielded: boolean;
};

/**
 * Exports one window: files, then the index, then the mark that it is done. Whatever point a worker dies at,
 * the next one does the rest: before the files are noted it makes the same ones again, after that never.
 */
export async function exportBatch(
  worker: BatchWorker,
  batch: ReadyBatch,
  { definition, series, rules }: Series,
  lease: HeldLease,
  signal: AbortSignal,
): Promise<BatchResult> {
  const { batches, settings } = worker;
  const nothing = { files: 0, keys: 0, yielded: false };
  if (batch.bucket !== null && batch.root !== null) {
    // The config may name another place by now.
    await publishIndex(worker, { bucket: batch.bucket, root: batch.root });
    await batches.complete(batch);
    return nothing;
  }
  const place = placeOf(definition, series);
  const counts = await worker.exposures.count(batch, rules);
  if (counts.keys + counts.revised === 0) {
    await batches.complete(batch);
    return nothing;
  }
  const files = await writeFiles(worker, {
    batch,
    place,
    region: definition.outputRegion,
    rules,
    counts,
    signers: await signersOf(worker, definition, batch.now),
    maxRecords: definition.maxRecords ?? settings.maxRecords,
    firstNumber: await batches.firstNumber(batch, place),
  }, signal);
  if (!await batches.noteWritten(batch, lease, place, files)) return { ...nothing, yielded: true };
  await publishIndex(worker, place);
  await batches.complete(batch);
  return {
    files: files.length,
    keys: files.reduce((sum, file) => sum + file.keyCount + file.revisedKeyCount, 0),
    yielded: false,
  };
}

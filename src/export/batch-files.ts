import type { BlobStore } from "../blob/blob.ts";
import { AppError } from "../errors.ts";
import type { ReadyBatch, WrittenFile } from "../store/export/batch.ts";
import type { ExportKeys } from "../store/exposure/export-keys.ts";
import type { KeyPart } from "../store/exposure/selection.ts";
import type { BatchPlan, PlannedFile } from "../store/export/plan.ts";
import type { ReportExport } from "./events.ts";
import { buildExportFile, type ExportSigner } from "../export-file/build.ts";
import type { AppendKey } from "../export-file/key-section.ts";
import { FILE_HEADERS } from "../export-file/served-files.ts";

/** The dependencies of {@link writeFiles}. */
export type FileWriter = {
  readonly exposures: ExportKeys;
  readonly blob: BlobStore;
  readonly report: ReportExport;
  /** Milliseconds of a monotonic clock. */
  readonly stopwatch: () => number;
};

/** The properties of a window's files. */
export type FilePlan = {
  readonly batch: ReadyBatch;
  readonly plan: BatchPlan;
  readonly signers: readonly ExportSigner[];
  readonly planned: readonly PlannedFile[];
};

/**
 * Builds and stores the files of a window, one after the other: first all keys, then all revised keys, each in byte
 * order, `maxRecords` to a file. A repeated call stores the same keys under the same names. Throws when there are more
 * or fewer keys than planned.
 */
export async function writeFiles(
  writer: FileWriter,
  { batch, plan, signers, planned }: FilePlan,
  signal: AbortSignal,
): Promise<readonly WrittenFile[]> {
  const { counts, maxRecords } = plan;
  const reached: Partial<Record<KeyPart, Uint8Array>> = {};
  const files: WrittenFile[] = [];
  for (const [index, { name, number }] of planned.entries()) {
    signal.throwIfAborted();
    const keyShare = within(counts.keys - index * maxRecords, maxRecords);
    const revisedBefore = Math.max(0, index * maxRecords - counts.keys);
    const revisedShare = within(counts.revised - revisedBefore, maxRecords - keyShare);
    const isLast = index === planned.length - 1;
    const source = (part: KeyPart, share: number) => async (append: AppendKey): Promise<void> => {
      // In the last file, ask for one more key, to detect more keys than planned.
      const limit = share + (isLast ? 1 : 0);
      if (limit === 0) return;
      const range = { after: reached[part], limit };
      const last = await writer.exposures.read(batch, plan.rules, part, range, append);
      if (last !== undefined) reached[part] = last;
    };
    // Phones drop a file whose times equal those of a file that they have.
    const single = planned.length === 1 && number === 1;
    const startedAt = writer.stopwatch();
    const built = await buildExportFile({
      header: {
        start: batch.startsAt,
        end: single ? batch.endsAt : batch.endsAt + number,
        region: plan.region,
      },
      signers,
      keys: source("keys", keyShare),
      revisedKeys: source("revised", revisedShare),
      expectedKeys: keyShare + revisedShare,
    });
    if (built.keyCount !== keyShare || built.revisedKeyCount !== revisedShare) {
      throw new AppError(
        "internal",
        `${name}: its keys differ from the plan; the server plans it again`,
      );
    }
    signal.throwIfAborted();
    await writer.blob.put(plan.bucket, name, built.zip, FILE_HEADERS, signal);
    const counted = {
      keyCount: built.keyCount,
      revisedKeyCount: built.revisedKeyCount,
      byteCount: built.zip.length,
    };
    files.push({ name, number, ...counted });
    const milliseconds = Math.round(writer.stopwatch() - startedAt);
    writer.report({ kind: "file-written", config: batch.config, name, ...counted, milliseconds });
  }
  return files;
}

function within(value: number, most: number): number {
  return Math.min(most, Math.max(0, value));
}

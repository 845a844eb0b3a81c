import type { BlobStore } from "../blob/blob.ts";
import type { ExportPlace, ReadyBatch, WrittenFile } from "../store/export-batch.ts";
import type { ExportKeys, KeyPart, KeyRules } from "../store/export-keys.ts";
import type { ReportExport } from "./events.ts";
import { buildExportFile, type ExportSigner } from "./file/build.ts";
import type { AppendKey } from "./file/key-section.ts";
import { FILE_HEADERS, fileName } from "./place.ts";

/** What writing the files of a window needs. */
export type FileWriter = {
  readonly exposures: ExportKeys;
  readonly blob: BlobStore;
  readonly report: ReportExport;
  /** Milliseconds of a clock that only goes forward. */
  readonly stopwatch: () => number;
};

/** What the files of a window are like. */
export type FilePlan = {
  readonly batch: ReadyBatch;
  readonly place: ExportPlace;
  readonly region: string;
  readonly rules: KeyRules;
  readonly signers: readonly ExportSigner[];
  readonly counts: Readonly<Record<KeyPart, number>>;
  readonly maxRecords: number;
  /** The number of the first file: 1 as a rule. */
  readonly firstNumber: number;
};

/**
 * Builds and stores the files of a window, one after the other: first all keys, then all revised keys, each in
 * the order of their bytes, `maxRecords` to a file. Doing it again stores the same bytes below the same names.
 */
export async function writeFiles(
  writer: FileWriter,
  plan: FilePlan,
  signal: AbortSignal,
): Promise<readonly WrittenFile[]> {
  const { batch, place, counts, maxRecords } = plan;
  const fileCount = Math.ceil((counts.keys + counts.revised) / maxRecords);
  const reached: Partial<Record<KeyPart, Uint8Array>> = {};
  const files: WrittenFile[] = [];
  for (let index = 0; index < fileCount; index++) {
    signal.throwIfAborted();
    const keyShare = within(counts.keys - index * maxRecords, maxRecords);
    const revisedBefore = Math.max(0, index * maxRecords - counts.keys);
    const revisedShare = within(counts.revised - revisedBefore, maxRecords - keyShare);
    const source = (part: KeyPart, limit: number) => async (append: AppendKey): Promise<void> => {
      if (limit === 0) return;
      const range = { after: reached[part], limit };
      const last = await writer.exposures.read(batch, plan.rules, part, range, append);
      if (last !== undefined) reached[part] = last;
    };
    const number = plan.firstNumber + index;
    // Phones drop a file with the times of one that they have.
    const single = fileCount === 1 && number === 1;
    const startedAt = writer.stopwatch();
    const built = await buildExportFile({
      header: {
        start: batch.startsAt,
        end: single ? batch.endsAt : batch.endsAt + number,
        region: plan.region,
      },
      signers: plan.signers,
      keys: source("keys", keyShare),
      revisedKeys: source("revised", revisedShare),
      expectedKeys: keyShare + revisedShare,
    });
    const name = fileName(place.root, batch, number);
    signal.throwIfAborted();
    await writer.blob.put(place.bucket, name, built.zip, FILE_HEADERS);
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

import { accept, type Outcome, refuse } from "../../errors.ts";
import { encodeHex } from "../../bytes/base64.ts";
import { asSeconds } from "../../model/ids.ts";
import type { ExportImport } from "../../model/resource/export-import.ts";
import {
  type ImportFile,
  type ImportFiles,
  NO_PROGRESS,
} from "../../store/upstream/import-file.ts";
import type { UpstreamIndexes } from "../../store/upstream/index-state.ts";
import type { ImportKeys, ImportProgress } from "../../store/upstream/import-keys.ts";
import { CopyRows } from "../../store/exposure/copy-row.ts";
import { readExportFile } from "../../export-file/read.ts";
import { type CheckedPortion, readKeys } from "./read-keys.ts";
import type { ImportSettings } from "../settings.ts";
import { checkSignature } from "../signature.ts";
import { type Downloader, downloadFile } from "../download.ts";

/** The dependencies of importing a file. */
export type FileImporter = Downloader & {
  readonly files: ImportFiles;
  readonly keys: ImportKeys;
  readonly indexes: UpstreamIndexes;
  readonly crypto: Crypto;
  readonly settings: ImportSettings;
};

/** The progress of a file before and after this run. */
export type FileImported = { readonly before: ImportProgress; readonly after: ImportProgress };

/**
 * Imports one file, and resumes where the last run stopped if the zip is unchanged. Refuses a file that cannot be
 * downloaded, read or trusted, and returns `canceled` when the signal or another worker ended it; the portions stored
 * until then stay. Throws what the database throws, and `invalid_configuration` for an invalid public key.
 */
export async function importFile(
  importer: FileImporter,
  config: ExportImport,
  known: ImportFile,
  signal: AbortSignal,
): Promise<Outcome<FileImported>> {
  const { crypto, settings } = importer;
  const zip = await downloadFile(importer, config.exportRoot, known.url, signal);
  if (!zip.ok) return zip;
  const read = await readExportFile(zip.value);
  if (!read.ok) return read;
  const now = asSeconds(await importer.indexes.now());
  const signed = await checkSignature(
    read.value,
    config.publicKeys,
    now,
    crypto.subtle,
  );
  if (!signed.ok) return signed;
  const hash = await crypto.subtle.digest("SHA-256", zip.value);
  const digest = encodeHex(new Uint8Array(hash));
  const progress = digest === known.digest ? known.progress : NO_PROGRESS;
  if (digest !== known.digest) await importer.files.restart(known.id, digest);
  const rules = {
    now,
    maxKeyAgeSeconds: settings.maxKeyAgeSeconds,
    backfillDaysSinceOnset: settings.backfillDaysSinceOnset,
  };
  return await storeKeys(
    importer.keys,
    config,
    { id: known.id, total: read.value.keyCount + read.value.revisedKeyCount, progress },
    readKeys(read.value, progress.handled, rules),
    signal,
  );
}

type Stored = { readonly id: number; readonly total: number; readonly progress: ImportProgress };

async function storeKeys(
  store: ImportKeys,
  config: ExportImport,
  { id, total, progress }: Stored,
  portions: AsyncIterable<CheckedPortion>,
  signal: AbortSignal,
): Promise<Outcome<FileImported>> {
  const target = {
    file: id,
    source: config.name,
    region: config.region,
    traveler: config.traveler,
  };
  let reached: ImportProgress = progress;
  const next = async (portion: CheckedPortion): Promise<boolean> => {
    const handled = reached.handled + portion.keys;
    const after = await store.store(target, {
      part: portion.part,
      rows: portion.rows,
      before: reached,
      handled,
      onsetsDropped: reached.onsetsDropped + portion.onsetsDropped,
      skipped: sumOf(reached.skipped, portion.skipped),
      last: handled === total,
    });
    reached = after ?? reached;
    return after !== undefined;
  };
  for await (const portion of oneAhead(portions)) {
    if (signal.aborted || !await next(portion)) return refuse("canceled");
  }
  if (total === 0 && !await next(EMPTY_PORTION)) return refuse("canceled");
  return accept({ before: progress, after: reached });
}

const EMPTY_PORTION: CheckedPortion = {
  part: "keys",
  rows: new CopyRows(0),
  keys: 0,
  onsetsDropped: 0,
  skipped: {},
};

function sumOf(
  some: Readonly<Record<string, number>>,
  more: Readonly<Record<string, number>>,
): Readonly<Record<string, number>> {
  const sum = { ...some };
  for (const [name, count] of Object.entries(more)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
}

/** Yields the items and requests the next one during work on the current one, so the database need not wait for it. */
async function* oneAhead<T>(items: AsyncIterable<T>): AsyncGenerator<T> {
  const iterator = items[Symbol.asyncIterator]();
  let coming = iterator.next();
  try {
    for (;;) {
      const item = await coming;
      if (item.done === true) return;
      coming = iterator.next();
      // A consumer that stops early never awaits it.
      coming.catch(() => undefined);
      yield item.value;
    }
  } finally {
    await iterator.return?.();
  }
}

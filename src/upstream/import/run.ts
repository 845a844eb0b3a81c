import { asAppError, type Refusal } from "../../errors.ts";
import { isUnreachable } from "../../http/call-failure.ts";
import type { ExportImport } from "../../model/resource/export-import.ts";
import { isActive } from "../../model/resource/members.ts";
import { storeFailure } from "../../store/failure.ts";
import type { ImportFile } from "../../store/upstream/import-file.ts";
import type { ResourceCache } from "../../store/resource/cache.ts";
import { type ConfigSharing, eachConfig } from "../each-config.ts";
import type { ReportUpstream } from "../events.ts";
import { type FileImporter, importFile } from "./import-file.ts";
import { retrySeconds } from "../retry.ts";
import type { ImportSettings } from "../settings.ts";
import { trustOf } from "../trust-list.ts";
import { fileUrl, lastSegment, readIndex } from "../download.ts";

/** The dependencies of the job `import`. */
export type ImportDependencies = FileImporter & ConfigSharing & {
  readonly resources: ResourceCache;
  readonly settings: ImportSettings;
  readonly report: ReportUpstream;
};

/** The result of a run. */
export type ImportSummary = {
  /** Files imported completely. */
  readonly files: number;
  readonly inserted: number;
  readonly revised: number;
  /** Files and lists of files that could not be read and will be tried again. */
  readonly failed: number;
};

type Totals = { files: number; inserted: number; revised: number; failed: number };

/** Files per page read from the database. */
const FILES_A_PAGE = 100;
/** After this many failed downloads in a row, the server counts as down until the next run. */
const DOWN_AFTER = 3;

/**
 * Runs the job `import`: reads the lists of all active imports and every due file, in list order. Any number of
 * processes may run it at once. The failure of a file or server is stored, reported and tried again, and does not stop
 * the others. Throws what the database throws.
 */
export async function importExports(
  deps: ImportDependencies,
  signal: AbortSignal,
): Promise<ImportSummary> {
  const configs = (await deps.resources.fresh()).list("ExportImport");
  const names = configs.map(({ name }) => name);
  await deps.indexes.keepOnly("import", names);
  await deps.files.keepOnly(names);
  const now = await deps.indexes.now();
  const active = configs.filter((config) => isActive(config, now));
  const totals: Totals = { files: 0, inserted: 0, revised: 0, failed: 0 };
  await eachConfig(deps, "import", active, signal, async (config, itsSignal) => {
    await refreshFiles(deps, config, totals, itsSignal);
    await importDue(deps, config, totals, itsSignal);
  });
  return totals;
}

/** Adds the new files of the index. If that fails, known files are still tried. */
async function refreshFiles(
  deps: ImportDependencies,
  config: ExportImport,
  totals: Totals,
  signal: AbortSignal,
): Promise<void> {
  const { indexes, files, report, settings } = deps;
  const reader = { reader: "import", name: config.name } as const;
  const use = { indexUrl: config.indexUrl, purpose: config.exportRoot };
  const index = await readIndex(
    deps,
    config.indexUrl,
    await indexes.etag(reader, use),
    signal,
  );
  if (!index.ok) {
    if (index.code === "canceled") return;
    totals.failed += 1;
    await indexes.failed(reader, use, index.code, index.message);
    report({ kind: "index-failed", ...reader, code: index.code, message: index.message });
    return;
  }
  if (!index.value.changed) return;
  const urls = index.value.paths.map((path) => fileUrl(config.exportRoot, path));
  const overlap = await files.overlap(config.name, urls);
  const trust = await trustOf(deps, reader, use, index.value, overlap);
  await files.list(
    config.name,
    urls,
    trust === "everything" ? settings.cleanupTtlSeconds : undefined,
  );
  if (trust === "held") totals.failed += 1;
  else await indexes.succeeded(reader, use, index.value.etag);
}

async function importDue(
  deps: ImportDependencies,
  config: ExportImport,
  totals: Totals,
  signal: AbortSignal,
): Promise<void> {
  let after = 0;
  let unreachable = 0;
  for (;;) {
    const due = await deps.files.due(config.name, after, FILES_A_PAGE);
    if (due.length === 0) return;
    for (const file of due) {
      if (signal.aborted || unreachable >= DOWN_AFTER) return;
      after = file.id;
      const failure = await importOne(deps, config, file, totals, signal);
      const down = failure !== undefined && isUnreachable(failure);
      unreachable = down ? unreachable + 1 : 0;
    }
  }
}

/** Imports a file. If that fails, stores the reason and returns its code. */
async function importOne(
  deps: ImportDependencies,
  config: ExportImport,
  known: ImportFile,
  totals: Totals,
  signal: AbortSignal,
): Promise<Refusal["code"] | undefined> {
  const file = { name: config.name, file: lastSegment(known.url) };
  let cause: unknown;
  const outcome = await importFile(deps, config, known, signal).catch((error): Refusal => {
    cause = error;
    const { code, message } = asAppError(storeFailure(error));
    return { ok: false, code, message };
  });
  if (outcome.ok) {
    const { before, after } = outcome.value;
    const { inserted, revised, duplicates, skipped } = after;
    totals.files += 1;
    totals.inserted += inserted - before.inserted;
    totals.revised += revised - before.revised;
    const skippedCount = Object.values(skipped).reduce((sum, count) => sum + count, 0);
    deps.report({
      kind: "file-imported",
      ...file,
      inserted,
      revised,
      duplicates,
      skipped: skippedCount,
    });
    return undefined;
  }
  const { code, message } = outcome;
  if (code === "canceled") return code;
  const attempts = known.attempts + 1;
  await deps.files.fail(known.id, code, message, retrySeconds(attempts));
  totals.failed += 1;
  deps.report({ kind: "file-failed", reader: "import", ...file, code, message, attempts, cause });
  return code;
}

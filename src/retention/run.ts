import { asAppError } from "../errors.ts";
import type { BlobStore } from "../blob/blob.ts";
import type { ExportPlace } from "../store/export-batch.ts";
import type { ExposurePosition, RetentionStore } from "../store/retention.ts";
import type { RetentionSettings } from "./settings.ts";

/** Rows of a feature that go away with the exposures. */
export type RetentionStep = {
  /** Names its count in the summary. */
  readonly name: string;
  /** Deletes rows older than `beforeSeconds`, at most `limit`; answers how many. */
  readonly deleteOlder: (beforeSeconds: number, limit: number) => Promise<number>;
};

/** What the job `retention` needs. */
export type RetentionDependencies = {
  readonly store: RetentionStore;
  readonly blob: BlobStore;
  readonly settings: RetentionSettings;
  /** Writes an index anew, without the files that are too old. */
  readonly publishIndex: (place: ExportPlace) => Promise<void>;
  /** Told of what fails while the other steps go on. Must not throw. */
  readonly report: (event: { readonly step: string; readonly error: Error }) => void;
  readonly extraSteps?: readonly RetentionStep[];
};

/** What went away: counts by name. */
export type RetentionSummary = Readonly<Record<string, number>>;

/** Rows deleted by one statement: short enough that nobody waits for it. */
const ROWS_AT_ONCE = 2000;
/** Exposures deleted by one statement: publishes do not touch keys that old, so it may take longer. */
const EXPOSURES_AT_ONCE = 200_000;
/** Files deleted before the database forgets them. */
const FILES_AT_ONCE = 100;
/**
 * From leaving the index to leaving the storage: the max-age of files, and an hour for indexes that were being
 * written and for clocks that are put forward.
 */
export const UNLISTED_SECONDS: number = 86_400 + 3600;
/** Leases are forgotten when nobody can want them any more. */
const LEASE_SECONDS = 86_400;

/**
 * The job `retention`: deletes what is past CLEANUP_TTL. A file leaves its index at least one max-age before it
 * leaves the storage. Every step is made of short statements; stopping anywhere, or several at once, does no
 * harm. Steps that fail are reported, the others still run, and the first failure is thrown at the end.
 */
export async function runRetention(
  deps: RetentionDependencies,
  signal: AbortSignal,
): Promise<RetentionSummary> {
  const { store, publishIndex, extraSteps = [] } = deps;
  const now = await store.now();
  const before = now - deps.settings.cleanupTtlSeconds;
  const repeated = (step: (limit: number) => Promise<number>) => () =>
    untilDone(signal, ROWS_AT_ONCE, step);

  const steps: Readonly<Record<string, () => Promise<number>>> = {
    exposures: () => deleteExposures(store, before, signal),
    indexes: async () => {
      const places = await store.placesWithFilesUntil(before);
      for (const place of places) await publishIndex(place);
      return places.length;
    },
    files: () => deleteFiles(deps, now - UNLISTED_SECONDS, signal),
    batches: repeated((limit) => store.deleteBatches(before, limit)),
    schedules: repeated((limit) => store.deleteSchedules(before, limit)),
    jobRuns: repeated((limit) => store.deleteJobRuns(before, limit)),
    leases: repeated((limit) => store.deleteLeases(now - LEASE_SECONDS, limit)),
    ...Object.fromEntries(extraSteps.map((step) => [
      step.name,
      repeated((limit) => step.deleteOlder(before, limit)),
    ])),
  };

  const summary: Record<string, number> = {};
  const failures: Error[] = [];
  for (const [step, run] of Object.entries(steps)) {
    if (signal.aborted) break;
    try {
      summary[step] = await run();
    } catch (cause) {
      const error = asAppError(cause);
      failures.push(error);
      deps.report({ step, error });
    }
  }
  if (failures[0] !== undefined) throw failures[0];
  return summary;
}

/** Repeats a step until it finds less than it may do. */
async function untilDone(
  signal: AbortSignal,
  limit: number,
  step: (limit: number) => Promise<number>,
): Promise<number> {
  let total = 0;
  while (!signal.aborted) {
    const count = await step(limit);
    total += count;
    if (count < limit) break;
  }
  return total;
}

async function deleteExposures(
  store: RetentionStore,
  before: number,
  signal: AbortSignal,
): Promise<number> {
  let position: ExposurePosition | undefined;
  let total = 0;
  do {
    const { deleted, next } = await store.deleteExposures(before, position, EXPOSURES_AT_ONCE);
    total += deleted;
    position = next;
  } while (position !== undefined && !signal.aborted);
  return total;
}

async function deleteFiles(
  { store, blob }: RetentionDependencies,
  until: number,
  signal: AbortSignal,
): Promise<number> {
  return await untilDone(signal, FILES_AT_ONCE, async (limit) => {
    const files = await store.filesUnlistedUntil(until, limit);
    for (const file of files) await blob.delete(file.bucket, file.name);
    await store.forgetFiles(files);
    return files.length;
  });
}

import { asAppError } from "../errors.ts";
import type { BlobStore } from "../blob/blob.ts";
import type { ExportPlace } from "../model/export-place.ts";
import { UNLISTED_FILE_SECONDS } from "../model/unlisted-file.ts";
import type { AgreedTime } from "../store/agreed-time.ts";
import type { ExposurePosition } from "../store/exposure/expire.ts";
import type { LostWindow, RetentionStore, UnlistedFile } from "../store/retention.ts";
import type { RetentionSettings } from "./settings.ts";

/** Failures of retention. */
export type RetentionEvent =
  | { readonly kind: "step-failed"; readonly step: string; readonly error: Error }
  /** A window whose keys are about to be deleted although its export is incomplete. */
  | ({ readonly kind: "window-unexported" } & LostWindow)
  /** A window whose keys were deleted although its export was never completed. */
  | ({ readonly kind: "window-lost" } & LostWindow);

/** The dependencies of the job `retention`. */
export type RetentionDependencies = {
  readonly store: RetentionStore;
  readonly agreedTime: AgreedTime;
  readonly blob: BlobStore;
  readonly settings: RetentionSettings;
  /** Rewrites an index without the files that are too old. */
  readonly publishIndex: (place: ExportPlace) => Promise<void>;
  /** Receives failures; the other steps continue. Must not throw. */
  readonly report: (event: RetentionEvent) => void;
};

/** The number of deleted items, by name. */
export type RetentionSummary = Readonly<Record<string, number>>;

/** Rows deleted per statement: few enough that no other statement waits long. */
const ROWS_AT_ONCE = 2000;
/** Exposures deleted per statement: more, because publishes do not touch keys that old. */
const EXPOSURES_AT_ONCE = 200_000;
/** Files deleted from storage before their rows are deleted. */
const FILES_AT_ONCE = 100;
/** After this many failures in a row, a bucket is left for the next run, because each may take minutes. */
const FAILURES_IN_A_ROW = 3;
/** Used attestations are kept this much longer, for servers whose clocks are behind the database's. */
const CLOCKS_SECONDS = 3600;
/** Expired leases are deleted after this time, when no process needs them anymore. */
const LEASE_SECONDS = 86_400;

/**
 * Runs the job `retention`: deletes what is past CLEANUP_TTL. A file leaves its index at least one max-age before it
 * leaves the storage. Every step consists of short statements, so you can stop the job anywhere and run several at
 * once. Throws `clocks_apart`, and deletes nothing, while the clocks differ. When a step, an index or a file fails, the
 * failure is reported, everything else continues, and the first failure is thrown at the end.
 */
export async function runRetention(
  deps: RetentionDependencies,
  signal: AbortSignal,
): Promise<RetentionSummary> {
  const { store } = deps;
  const now = await deps.agreedTime();
  const before = now - deps.settings.cleanupTtlSeconds;
  const repeated = (step: (limit: number) => Promise<number>) => () =>
    untilDone(signal, ROWS_AT_ONCE, step);

  const failures: Error[] = [];
  const attempt = async (step: string, work: () => Promise<void>): Promise<boolean> => {
    try {
      await work();
      return true;
    } catch (cause) {
      const error = asAppError(cause);
      failures.push(error);
      deps.report({ kind: "step-failed", step, error });
      return false;
    }
  };

  const steps: Readonly<Record<string, () => Promise<number>>> = {
    exposures: async () => {
      for (const window of await store.unexported(before)) {
        deps.report({ kind: "window-unexported", ...window });
      }
      return await deleteExposures(store, before, signal);
    },
    indexes: async () => {
      let written = 0;
      for (const place of await store.placesWithFilesUntil(before)) {
        if (await attempt("indexes", () => deps.publishIndex(place))) written += 1;
      }
      return written;
    },
    files: () => deleteFiles(deps, now - UNLISTED_FILE_SECONDS, attempt, signal),
    batches: repeated(async (limit) => {
      const { deleted, lost } = await store.deleteBatches(before, limit);
      for (const window of lost) deps.report({ kind: "window-lost", ...window });
      return deleted;
    }),
    schedules: repeated((limit) => store.deleteSchedules(before, limit)),
    jobRuns: repeated((limit) => store.deleteJobRuns(before, limit)),
    usedAttestations: repeated((limit) =>
      store.deleteUsedAttestations(now - CLOCKS_SECONDS, limit)
    ),
    attestedKeys: repeated((limit) => store.deleteAttestedKeys(now, limit)),
    leases: repeated((limit) => store.deleteLeases(now - LEASE_SECONDS, limit)),
  };

  const summary: Record<string, number> = {};
  for (const [step, run] of Object.entries(steps)) {
    if (signal.aborted) break;
    await attempt(step, async () => {
      summary[step] = await run();
    });
  }
  if (failures[0] !== undefined) throw failures[0];
  return summary;
}

/** Repeats a step until it handles fewer rows than its limit. */
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
  attempt: (step: string, work: () => Promise<void>) => Promise<boolean>,
  signal: AbortSignal,
): Promise<number> {
  const failedInARow = new Map<string, number>();
  let after: UnlistedFile | undefined;
  let total = 0;
  do {
    const files = await store.filesUnlistedUntil(until, after, FILES_AT_ONCE);
    const gone: UnlistedFile[] = [];
    for (const file of files) {
      const failed = failedInARow.get(file.bucket) ?? 0;
      if (failed >= FAILURES_IN_A_ROW) continue;
      const deleted = await attempt("files", () => blob.delete(file.bucket, file.name));
      failedInARow.set(file.bucket, deleted ? 0 : failed + 1);
      if (deleted) gone.push(file);
    }
    await store.forgetFiles(gone);
    total += gone.length;
    after = files.length < FILES_AT_ONCE ? undefined : files.at(-1);
  } while (after !== undefined && !signal.aborted);
  return total;
}

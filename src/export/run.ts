import { asAppError } from "../errors.ts";
import type { AgreedTime } from "../store/agreed-time.ts";
import type { OpenBatch } from "../store/export/padding.ts";
import type { ExportSchedule } from "../store/export/schedule.ts";
import type { Leases } from "../store/lease.ts";
import { type HeldLease, holdLease, type Ticker } from "../store/lease-hold.ts";
import type { ResourceCache } from "../store/resource/cache.ts";
import type { ClosedWindowWatermark } from "../store/exposure/closed-window-watermark.ts";
import { publishFirstIndexes } from "./first-index.ts";
import { type Series, seriesOf } from "./series.ts";
import { dueAfterSeconds } from "./settings.ts";
import { type BatchWorker, exportBatch } from "./worker.ts";

/** The dependencies of the job `export`. */
export type ExportDependencies = Omit<BatchWorker, "signingKey"> & {
  readonly resources: ResourceCache;
  readonly watermark: ClosedWindowWatermark;
  readonly schedule: ExportSchedule;
  readonly leases: Leases;
  readonly agreedTime: AgreedTime;
  /** Names the process. It does one run at a time, because a run may take back the leases of the previous one. */
  readonly holder: string;
  /** Returns this many random bytes. */
  readonly randomBytes: (length: number) => Uint8Array;
  /** Renews leases. Default: the process's own timers. */
  readonly ticker?: Ticker;
};

/** The result of a run. */
export type ExportSummary = {
  /** Windows that became due. */
  readonly windows: number;
  readonly files: number;
  readonly keys: number;
  /** Windows that could not be exported and will be tried again. */
  readonly failed: number;
  /** How often windows were due in a region that another process holds; absent for 0. */
  readonly withOthers?: number;
};

/** The most windows that a series gets at once. */
const MAX_WINDOWS_AT_ONCE = 10_000;

type Totals = { windows: number; files: number; keys: number; failed: number; withOthers?: number };
type Work = {
  readonly deps: ExportDependencies;
  readonly worker: BatchWorker;
  readonly signal: AbortSignal;
  readonly totals: Totals;
  /** Series that failed in this run; the next run tries them again. */
  readonly failed: Set<Series>;
};

/**
 * Runs the job `export`: creates batches for due windows and exports them until nothing is left to do or the signal
 * aborts. Any number of processes may run it at once. Throws what the database throws, and `clocks_apart` while no
 * window may be closed. The failure of one window is reported, and the next run tries that window again.
 */
export async function runExport(
  deps: ExportDependencies,
  signal: AbortSignal,
): Promise<ExportSummary> {
  const firstIndexFailed = (config: string, thrown: unknown): void =>
    deps.report({ kind: "first-index-failed", config, error: asAppError(thrown) });
  await publishFirstIndexes({ ...deps, firstIndexFailed }, signal);
  const view = await deps.resources.fresh();
  const series = view.list("ExportConfig").flatMap(seriesOf);
  const work: Work = {
    deps,
    worker: { ...deps, signingKey: (name) => view.get("SigningKey", name) },
    signal,
    totals: { windows: 0, files: 0, keys: 0, failed: 0 },
    failed: new Set(),
  };
  const { settings, schedule } = deps;
  const padding = {
    minRecords: settings.minRecords,
    range: settings.paddingRange,
    randomBytes: deps.randomBytes,
  };
  let progress = true;
  while (progress && !signal.aborted) {
    await deps.agreedTime();
    const windows = await schedule.schedule(series, {
      closedThrough: await deps.watermark.closedThrough(),
      minAgeSeconds: dueAfterSeconds(settings),
      maxWindows: MAX_WINDOWS_AT_ONCE,
    });
    work.totals.windows += windows;
    while (!signal.aborted) {
      const settled = await schedule.settleNext(remaining(work, series), padding);
      if (settled === undefined) break;
      if (settled.error !== undefined) await fail(work, series, settled.batch, settled.error);
    }
    const empty = await schedule.completeEmpty(series);
    const exported = await exportReady(work, series);
    progress = windows + empty + exported > 0;
  }
  return work.totals;
}

/** `yielded`: another worker has the window now, or the window was opened again. */
type Step = "done" | "yielded" | "nothing";

/** Exports what is ready, region by region. Returns the number of steps taken. */
async function exportReady(work: Work, series: readonly Series[]): Promise<number> {
  const { deps } = work;
  let done = 0;
  for (const region of new Set(series.map((one) => one.definition.outputRegion))) {
    if (work.signal.aborted) break;
    const here = series.filter((one) => one.definition.outputRegion === region);
    if ((await deps.batches.ready(remaining(work, here))).length === 0) continue;
    const seconds = deps.settings.workerTimeoutSeconds;
    const lease = await holdLease(
      deps.leases,
      `export:${region}`,
      deps.holder,
      seconds,
      deps.ticker,
    );
    if (lease === undefined) {
      work.totals.withOthers = (work.totals.withOthers ?? 0) + 1;
      continue;
    }
    try {
      const signal = AbortSignal.any([work.signal, lease.lost]);
      let result: Step = "done";
      while (result === "done") {
        result = await exportNext(work, here, remaining(work, series), lease, signal);
        if (result !== "nothing") done += 1;
      }
    } finally {
      await lease.release();
    }
  }
  return done;
}

const remaining = (work: Work, series: readonly Series[]): readonly Series[] =>
  series.filter((one) => !work.failed.has(one));

/** Exports the oldest ready window under the lease of its region. */
async function exportNext(
  work: Work,
  series: readonly Series[],
  all: readonly Series[],
  lease: HeldLease,
  signal: AbortSignal,
): Promise<Step> {
  if (signal.aborted) return "nothing";
  const [batch] = await work.deps.batches.ready(remaining(work, series));
  const its = series.find((one) => one.config === batch?.config && one.series === batch.series);
  if (batch === undefined || its === undefined) return "nothing";
  try {
    const result = await exportBatch(work.worker, batch, its, all, lease, signal);
    work.totals.files += result.files;
    work.totals.keys += result.keys;
    return result.yielded ? "yielded" : "done";
  } catch (error) {
    if (signal.aborted) return "nothing";
    await fail(work, series, batch, error);
    return "done";
  }
}

/** Leaves the series of a window for the next run. */
async function fail(
  { deps, totals, failed }: Work,
  series: readonly Series[],
  batch: OpenBatch,
  cause: unknown,
): Promise<void> {
  const error = asAppError(cause);
  const { config, startsAt, endsAt } = batch;
  series.filter((one) => one.config === config && one.series === batch.series)
    .forEach((one) => failed.add(one));
  totals.failed += 1;
  deps.report({ kind: "batch-failed", config, startsAt, endsAt, error });
  await deps.batches.noteFailure(batch, `${error.code}: ${error.message}`);
}

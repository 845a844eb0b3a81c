import { asAppError } from "../errors.ts";
import type { ExportEvent } from "../export/events.ts";
import { publishFirstIndexes } from "../export/first-index.ts";
import { publishIndex } from "../export/publish-index.ts";
import { type ExportDependencies, runExport } from "../export/run.ts";
import { seriesOf } from "../export/series.ts";
import { dueAfterSeconds } from "../export/settings.ts";
import type { Job } from "../jobs.ts";
import { errorFields } from "../observe/log.ts";
import { type RetentionDependencies, type RetentionEvent, runRetention } from "../retention/run.ts";
import { agreedTime } from "../store/agreed-time.ts";
import { exportBatches } from "../store/export/batches.ts";
import { exportIndexes } from "../store/export/index-file.ts";
import { exportKeys } from "../store/exposure/export-keys.ts";
import { exportSchedule } from "../store/export/schedule.ts";
import { type ExportStatus, exportStatuses } from "../store/export/status.ts";
import { leases } from "../store/lease.ts";
import { retentionStore } from "../store/retention.ts";
import type { Foundation } from "./foundation.ts";
import { randomBytesOf } from "./random-bytes.ts";

/** Exports and retention, put together. */
export type ExportPart = {
  readonly jobs: readonly Job[];
  /** How each series of exports stands. */
  readonly statuses: () => Promise<readonly ExportStatus[]>;
};

const HOUR_MS = 3_600_000;

/** What the job `export` works with. */
export function exportDependencies(foundation: Foundation): ExportDependencies {
  const { config, database, crypto, clock } = foundation;
  return {
    resources: foundation.cache,
    watermark: foundation.windows,
    schedule: exportSchedule(database),
    batches: exportBatches(database),
    indexes: exportIndexes(database, foundation.clocks),
    exposures: exportKeys(database),
    leases: leases(database),
    blob: foundation.blobs,
    keys: foundation.keys,
    settings: config.export,
    report: exportReport(foundation),
    stopwatch: clock.monotonic,
    agreedTime: agreedTime(database, foundation.clocks),
    holder: foundation.processName,
    randomBytes: randomBytesOf(crypto),
    ages: new Map(),
  };
}

/** What the job `retention` works with. */
function retentionDependencies(foundation: Foundation): RetentionDependencies {
  const { config, database, blobs: blob } = foundation;
  const indexes = exportIndexes(database, foundation.clocks);
  return {
    store: retentionStore(database),
    blob,
    agreedTime: agreedTime(database, foundation.clocks),
    settings: config.export,
    publishIndex: (place) => publishIndex({ indexes, blob, settings: config.export }, place),
    report: retentionReport(foundation),
  };
}

/** Writes the indexes of exports that have none; what fails is logged, and done by the job `export`. */
export async function writeFirstIndexes(foundation: Foundation): Promise<void> {
  const { cache: resources, blobs: blob, config, database, log } = foundation;
  try {
    const indexes = exportIndexes(database, foundation.clocks);
    await publishFirstIndexes({
      resources,
      blob,
      indexes,
      settings: config.export,
      firstIndexFailed: (config, error) =>
        log.error("export-first-index-failed", { config, ...errorFields(error) }),
    });
  } catch (error) {
    log.warn("first-index-failed", errorFields(error));
  }
}

/** Puts exports and retention together. */
export function exportPart(foundation: Foundation): ExportPart {
  const { config, database, cache } = foundation;
  const statuses = exportStatuses(database);
  return {
    statuses: async () =>
      await statuses.all(
        (await cache.fresh()).list("ExportConfig").flatMap(seriesOf),
        dueAfterSeconds(config.export),
      ),
    jobs: [
      {
        name: "export",
        intervalMs: config.jobIntervalMs,
        timeoutMs: HOUR_MS,
        run: (signal, noteFailure) => {
          const deps = exportDependencies(foundation);
          return runExport({
            ...deps,
            report: (event) => {
              deps.report(event);
              if ("error" in event) {
                noteFailure(`${event.config}: ${asAppError(event.error).message}`);
              }
            },
          }, signal);
        },
      },
      {
        name: "retention",
        intervalMs: HOUR_MS,
        timeoutMs: HOUR_MS,
        run: (signal) => runRetention(retentionDependencies(foundation), signal),
      },
    ],
  };
}

function exportReport({ log, metrics }: Foundation): (event: ExportEvent) => void {
  return (event) => {
    metrics.exportReported(event);
    const { kind } = event;
    if (event.kind === "file-written") return log.info(`export-${kind}`, { ...event });
    const { error, ...fields } = { error: undefined, ...event };
    log.error(`export-${kind}`, { ...fields, ...(error === undefined ? {} : errorFields(error)) });
  };
}

function retentionReport(foundation: Foundation): (event: RetentionEvent) => void {
  const lost = exportReport(foundation);
  return (event) => {
    if (event.kind !== "step-failed") return lost(event);
    foundation.log.error("retention-failed", { step: event.step, ...errorFields(event.error) });
  };
}

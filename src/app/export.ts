import type { ExportEvent } from "../export/events.ts";
import type { UpstreamEvent } from "../upstream/events.ts";
import { importExports } from "../upstream/import/run.ts";
import { mirrorExports } from "../upstream/mirror/run.ts";
import { publishIndex } from "../export/publish-index.ts";
import { runExport } from "../export/run.ts";
import { seriesOf } from "../export/series.ts";
import { dueAfterSeconds } from "../export/settings.ts";
import type { Job } from "../jobs.ts";
import { errorFields, type Log } from "../observe/log.ts";
import { type RetentionEvent, runRetention } from "../retention/run.ts";
import { exportBatches } from "../store/export/batches.ts";
import { exportIndexes } from "../store/export/index-file.ts";
import { exportKeys } from "../store/export/keys.ts";
import { exportSchedule } from "../store/export/schedule.ts";
import { exportStatuses } from "../store/export/status.ts";
import { importFiles } from "../store/upstream/import-file.ts";
import { upstreamIndexes } from "../store/upstream/index-state.ts";
import { importKeys } from "../store/upstream/import-keys.ts";
import { leases } from "../store/lease.ts";
import { mirrorFiles } from "../store/upstream/mirror-file.ts";
import { retentionStore } from "../store/retention.ts";
import type { Foundation } from "./foundation.ts";
import { randomBytesOf } from "./random-bytes.ts";

/** Exports, imports, mirrors and retention, put together. */
export type ExportPart = {
  readonly jobs: readonly Job[];
  /** How they stand, for the admin API. */
  readonly status: () => Promise<Readonly<Record<string, unknown>>>;
  /** Seconds that each series of exports is behind. */
  readonly lags: () => Promise<readonly (readonly [name: string, seconds: number])[]>;
};

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** Puts them together. */
export function exportPart(foundation: Foundation): ExportPart {
  const { config, database, blobs: blob, log, crypto, cache: resources } = foundation;
  const indexes = exportIndexes(database);
  const shared = {
    resources,
    blob,
    leases: leases(database),
    randomBytes: randomBytesOf(crypto),
  };
  const upstream = {
    ...shared,
    fetch: foundation.outgoing,
    indexes: upstreamIndexes(database),
    report: upstreamReport(log),
  };
  const files = importFiles(database);
  const copies = mirrorFiles(database);
  const statuses = exportStatuses(database);
  const exports = async () =>
    await statuses.all(
      (await resources.fresh()).list("ExportConfig").flatMap(seriesOf),
      dueAfterSeconds(config.export),
    );
  return {
    lags: async () =>
      (await exports()).map(({ config, series, lagSeconds }) =>
        [`${config} ${series}`, lagSeconds] as const
      ),
    status: async () => ({
      exports: await exports(),
      imports: await files.status(),
      mirrors: await copies.status(),
      upstreamIndexes: await upstream.indexes.status(),
    }),
    jobs: [
      {
        name: "export",
        intervalMs: config.jobIntervalMs,
        timeoutMs: HOUR_MS,
        run: (signal) =>
          runExport({
            ...shared,
            indexes,
            floor: foundation.windows,
            schedule: exportSchedule(database),
            batches: exportBatches(database),
            exposures: exportKeys(database),
            keys: foundation.keys,
            settings: config.export,
            report: exportReport(foundation),
            stopwatch: foundation.clock.monotonic,
          }, signal),
      },
      {
        name: "import",
        intervalMs: Math.max(config.jobIntervalMs, MINUTE_MS),
        timeoutMs: HOUR_MS,
        run: (signal) =>
          importExports({
            ...upstream,
            crypto,
            files,
            keys: importKeys(database, {
              ...config.publish,
              statementTimeoutMs: config.statementTimeoutMs,
            }),
            settings: config.import,
          }, signal),
      },
      {
        name: "mirror",
        intervalMs: Math.max(config.jobIntervalMs, MINUTE_MS),
        timeoutMs: HOUR_MS,
        run: (signal) => mirrorExports({ ...upstream, copies, settings: config.mirror }, signal),
      },
      {
        name: "retention",
        intervalMs: HOUR_MS,
        timeoutMs: HOUR_MS,
        run: (signal) =>
          runRetention({
            store: retentionStore(database),
            blob,
            settings: config.export,
            publishIndex: (place) =>
              publishIndex({ indexes, blob, settings: config.export }, place),
            report: retentionReport(foundation),
          }, signal),
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
    if (event.kind === "window-lost") return lost(event);
    foundation.log.error("retention-failed", { step: event.step, ...errorFields(event.error) });
  };
}

function upstreamReport(log: Log): (event: UpstreamEvent) => void {
  return (event) => {
    const { cause, ...fields } = { cause: undefined, ...event };
    const failed = event.kind.endsWith("failed") || event.kind === "lines-refused";
    log[failed ? "warn" : "info"](`upstream-${event.kind}`, {
      ...(cause === undefined ? {} : errorFields(cause)),
      ...fields,
    });
  };
}

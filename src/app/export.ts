import type { ExportEvent } from "../export/events.ts";
import { type ExportDependencies, runExport } from "../export/run.ts";
import type { Job } from "../jobs.ts";
import { errorFields, type Log } from "../observe/log.ts";
import { exportBatches } from "../store/export-batch.ts";
import { exportIndexes } from "../store/export-index.ts";
import { exportKeys } from "../store/export-keys.ts";
import { exportSchedule } from "../store/export-schedule.ts";
import { leases } from "../store/lease.ts";
import type { Foundation } from "./foundation.ts";

/** Exports, put together. */
export type ExportPart = { readonly jobs: readonly Job[] };

const HOUR_MS = 3_600_000;

/** Puts exports together. */
export function exportPart(foundation: Foundation): ExportPart {
  const { config, database, log } = foundation;
  const deps: ExportDependencies = {
    resources: foundation.cache,
    floor: foundation.windows,
    schedule: exportSchedule(database),
    leases: leases(database),
    batches: exportBatches(database),
    indexes: exportIndexes(database),
    exposures: exportKeys(database),
    blob: foundation.blobs,
    keys: foundation.keys,
    settings: config.export,
    report: reportTo(log),
    stopwatch: foundation.clock.monotonic,
    randomBytes: (length) => foundation.crypto.digests.getRandomValues(new Uint8Array(length)),
  };
  return {
    jobs: [{
      name: "export",
      intervalMs: config.jobIntervalMs,
      timeoutMs: HOUR_MS,
      run: (signal) => runExport(deps, signal),
    }],
  };
}

function reportTo(log: Log): (event: ExportEvent) => void {
  return (event) => {
    const { kind, ...rest } = event;
    if (kind === "file-written") return log.info(`export-${kind}`, { ...event });
    const { error, ...fields } = { error: undefined, ...rest };
    log.error(`export-${kind}`, { ...fields, ...(error === undefined ? {} : errorFields(error)) });
  };
}

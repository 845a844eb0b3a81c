import type { Job, NoteFailure } from "../jobs.ts";
import { errorFields, type Log } from "../observe/log.ts";
import { leases } from "../store/lease.ts";
import { importFiles } from "../store/upstream/import-file.ts";
import { importKeys } from "../store/upstream/import-keys.ts";
import { upstreamIndexes } from "../store/upstream/index-state.ts";
import { mirrorFiles } from "../store/upstream/mirror-file.ts";
import type { ReportUpstream, UpstreamEvent } from "../upstream/events.ts";
import { type ImportDependencies, importExports } from "../upstream/import/run.ts";
import { type MirrorDependencies, mirrorExports } from "../upstream/mirror/run.ts";
import type { Foundation } from "./foundation.ts";

/** Imports and mirrors of other people's files, put together. */
export type UpstreamPart = {
  readonly jobs: readonly Job[];
  /** How they stand, for the admin API. */
  readonly status: () => Promise<Readonly<Record<string, unknown>>>;
};

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

/** What the job `import` works with. */
export function importDependencies(foundation: Foundation): ImportDependencies {
  const { config, database, crypto } = foundation;
  return {
    ...sharedDependencies(foundation),
    crypto,
    files: importFiles(database),
    keys: importKeys(database, {
      ...config.publish,
      statementTimeoutMs: config.statementTimeoutMs,
      processSeconds: foundation.clocks.processSeconds,
    }),
    settings: config.import,
  };
}

/** What the job `mirror` works with. */
export function mirrorDependencies(foundation: Foundation): MirrorDependencies {
  const { config, database, blobs: blob, crypto } = foundation;
  return {
    ...sharedDependencies(foundation),
    blob,
    crypto,
    newUuid: () => crypto.randomUUID(),
    copies: mirrorFiles(database),
    settings: config.mirror,
  };
}

function sharedDependencies(foundation: Foundation) {
  const { database, log } = foundation;
  return {
    resources: foundation.cache,
    leases: leases(database),
    holder: foundation.processName,
    fetch: foundation.outgoing,
    indexes: upstreamIndexes(database),
    report: upstreamReport(log),
  };
}

/** Puts imports and mirrors together. */
export function upstreamPart(foundation: Foundation): UpstreamPart {
  const { config, database } = foundation;
  const intervalMs = Math.max(config.jobIntervalMs, MINUTE_MS);
  return {
    status: async () => ({
      imports: await importFiles(database).status(),
      mirrors: await mirrorFiles(database).status(),
      upstreamIndexes: await upstreamIndexes(database).status(),
    }),
    jobs: [
      {
        name: "import",
        intervalMs,
        timeoutMs: HOUR_MS,
        run: (signal, noteFailure) =>
          importExports(noting(importDependencies(foundation), noteFailure), signal),
      },
      {
        name: "mirror",
        intervalMs,
        timeoutMs: HOUR_MS,
        run: (signal, noteFailure) =>
          mirrorExports(noting(mirrorDependencies(foundation), noteFailure), signal),
      },
    ],
  };
}

/** The same dependencies, whose failures the job tells as well. */
function noting<D extends { readonly report: ReportUpstream }>(
  deps: D,
  noteFailure: NoteFailure,
): D {
  return {
    ...deps,
    report: (event: UpstreamEvent) => {
      deps.report(event);
      if ("message" in event) {
        noteFailure(`${event.name}${"file" in event ? ` ${event.file}` : ""}: ${event.message}`);
      }
    },
  };
}

function upstreamReport(log: Log): (event: UpstreamEvent) => void {
  return (event) => {
    const { cause, ...fields } = { cause: undefined, ...event };
    const failed = event.kind.endsWith("failed") || event.kind === "lines-refused" ||
      event.kind === "list-shrank";
    log[failed ? "warn" : "info"](`upstream-${event.kind}`, {
      ...(cause === undefined ? {} : errorFields(cause)),
      ...fields,
    });
  };
}

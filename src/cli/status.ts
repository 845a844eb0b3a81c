import { exportPart } from "../app/export.ts";
import { upstreamPart } from "../app/upstream.ts";
import type { ExportStatus } from "../store/export/status.ts";
import type { JobRun } from "../store/job-run.ts";
import type { Command } from "./command.ts";
import { openWhole, withFoundation } from "./open.ts";
import { valueOf } from "./option-value.ts";
import { parseOptions } from "./options.ts";
import { printable } from "./printable.ts";

const USAGE = `wayfarer status

Prints how background jobs, exports and peers stand. Exits with 1 when any of them has failed.
"--json" prints all that GET /admin/api/v1/status answers.

Example:
  wayfarer status --json`;

/** `wayfarer status`. */
export const statusCommand: Command = {
  name: "status",
  summary: "prints how jobs, exports and peers stand",
  usage: USAGE,
  run: async (io) => {
    valueOf(parseOptions(io.args, {}));
    return await withFoundation(io, async (foundation) => {
      const app = await openWhole(foundation, io.runtime);
      const status = {
        jobs: await foundation.jobRuns.newest(),
        exports: await exportPart(foundation).statuses(),
        ...await upstreamPart(foundation).status(),
        peers: await app.federation.status(),
      };
      const peers = status.peers.flatMap(({ name, pull, push }) => [
        ...(pull === undefined ? [] : [{ name, direction: "pull", ...pull }]),
        ...(push === undefined ? [] : [{ name, direction: "push", ...push }]),
      ]);
      if (io.json) io.out(JSON.stringify(status));
      else {
        status.jobs.forEach((run) => io.out(jobLine(run)));
        status.exports.forEach((one) => io.out(exportLine(one)));
        for (const { name, direction, state, error } of peers) {
          io.out(
            `${direction} ${name}: ${state}${error === undefined ? "" : `: ${printable(error)}`}`,
          );
        }
        if (status.jobs.length + status.exports.length + peers.length === 0) {
          io.out("nothing has run yet");
        }
      }
      const failed = status.jobs.some((run) => run.error !== undefined) ||
        status.exports.some((one) => one.lastError !== undefined) ||
        peers.some(({ state }) => state === "failing" || state === "refused");
      return failed ? 1 : 0;
    });
  },
};

const timeText = (seconds: number): string => new Date(seconds * 1000).toISOString();

function jobLine({ name, outcome, finishedAt, reason, error }: JobRun): string {
  const why = reason ?? error;
  return `job ${name}: ${outcome} at ${timeText(finishedAt)}${why === undefined ? "" : `: ${why}`}`;
}

function exportLine(
  { config, series, lagSeconds, exportedThrough, lastError }: ExportStatus,
): string {
  const through = exportedThrough === undefined
    ? "no window yet"
    : `through ${timeText(exportedThrough)}`;
  const lag = lagSeconds === 0 ? "on time" : `${lagSeconds} s late`;
  return `export ${config} ${series}: ${through}, ${lag}${
    lastError === undefined ? "" : `: ${lastError}`
  }`;
}

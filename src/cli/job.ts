import { adminPart } from "../app/admin.ts";
import { AppError } from "../errors.ts";
import { commandActor } from "./actor.ts";
import type { JobResult } from "../jobs.ts";
import type { Command } from "./command.ts";
import { openWhole, withFoundation } from "./open.ts";
import { parseOptions } from "./options.ts";

/** Every background job, in the order in which a key meets them. */
export const JOB_SUMMARIES: Readonly<Record<string, string>> = {
  "refresh-jwks": "reads the key sets of issuers with a jwksUri",
  "rotate-keys": "makes a new key for revision tokens when it is time, destroys old ones",
  export: "writes the export files of windows that have ended",
  import: "reads the export files of other servers (ExportImport)",
  mirror: "copies the export files of other servers (Mirror)",
  pull: "fetches keys from peers",
  push: "sends keys to peers",
  statistics: "adds up the statistics of health authorities",
  retention: "deletes what is older than CLEANUP_TTL",
  revocation: "goes on with revocations in bulk",
  "admin-upkeep": "forgets old sessions and tokens of operators",
  "federation-upkeep": "rotates the key that signs calls to peers, forgets old history",
};

const WIDTH = Math.max(...Object.keys(JOB_SUMMARIES).map((name) => name.length));
const JOBS = Object.entries(JOB_SUMMARIES).map(([name, summary]) =>
  `  ${name.padEnd(WIDTH)}   ${summary}`
);

const USAGE = `wayfarer job NAME

Runs one background job now and prints what it did. Exits with 0 when the job did its work or had
none, and with 1 when some of it failed.

${JOBS.join("\n")}

Example:
  wayfarer job export`;

const OUTCOME_TEXT = {
  done: "done",
  nothing: "nothing to do",
  partly: "done in part",
  failed: "failed",
} as const satisfies Readonly<Record<JobResult["outcome"], string>>;

/** `wayfarer job`. */
export const jobCommand: Command = {
  name: "job",
  summary: "runs one background job now",
  usage: USAGE,
  run: async (io) => {
    const options = parseOptions(io.args, {}, { positionals: "some", what: "the name of a job" });
    if (!options.ok) throw new AppError(options.code, options.message);
    const [name = ""] = options.value.positionals;
    return await withFoundation(io, async (foundation) => {
      const app = await openWhole(foundation, io.runtime);
      const run = app.jobs.run(name, io.signal);
      if (run === undefined) {
        throw new AppError(
          "usage",
          `there is no job "${name}": give one of ${app.jobs.names.join(", ")}`,
        );
      }
      await adminPart(foundation).audit.add(commandActor(), [{ action: "run", kind: "Job", name }]);
      const result = await run;
      if (io.json) io.out(JSON.stringify(result));
      else {
        const detail = Object.entries(result.detail).map(([what, count]) => `${what} ${count}`);
        io.out(
          `${name}: ${OUTCOME_TEXT[result.outcome]}${
            result.error === undefined ? "" : `: ${result.error}`
          }${detail.map((one) => `\n  ${one}`).join("")}`,
        );
      }
      return result.ok ? 0 : 1;
    });
  },
};

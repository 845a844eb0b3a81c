import { openApp } from "../app.ts";
import { adminPart } from "../app/admin.ts";
import { AppError } from "../errors.ts";
import { commandActor } from "./actor.ts";
import type { Command } from "./command.ts";
import { withFoundation } from "./open.ts";
import { parseOptions } from "./options.ts";

const USAGE = `wayfarer job NAME

Runs one background job now and tells what it did.

Example:
  wayfarer job export`;

/** `wayfarer job`. */
export const jobCommand: Command = {
  name: "job",
  summary: "runs one background job now",
  usage: USAGE,
  run: async (io) => {
    const options = parseOptions(io.args, {}, { positionals: "some" });
    if (!options.ok) throw new AppError(options.code, options.message);
    const [name = ""] = options.value.positionals;
    return await withFoundation(io, async (foundation) => {
      const app = await openApp(foundation, io.runtime);
      const run = app.jobs.run(name, io.signal);
      if (run === undefined) {
        throw new AppError("usage", `there is no job "${name}": ${app.jobs.names.join(", ")}`);
      }
      await adminPart(foundation).audit.add(commandActor(), [{ action: "run", kind: "Job", name }]);
      const result = await run;
      if (io.json) io.out(JSON.stringify(result));
      else {
        const detail = Object.entries(result.detail).map(([what, count]) => `${what} ${count}`);
        io.out(
          `${name}: ${result.ok ? "done" : result.error}${
            detail.map((one) => `\n  ${one}`).join("")
          }`,
        );
      }
      return result.ok ? 0 : 1;
    });
  },
};

import { loadConfiguration } from "../config/load.ts";
import { AppError } from "../errors.ts";
import type { Command } from "./command.ts";
import { valueOf } from "./option-value.ts";
import { parseOptions } from "./options.ts";

/** `wayfarer config`. */
export const configCommand: Command = {
  name: "config",
  summary: "prints the effective settings and where each comes from",
  usage: `wayfarer config [check]

Prints every setting; secrets are masked.

check   prints what of the environment has no effect, and exits with 1 when there is any

Example:
  PORT=9000 wayfarer config`,
  run: async (io) => {
    const { positionals } = valueOf(parseOptions(io.args, {}, { positionals: "any" }));
    const { shown, warnings } = await loadConfiguration(io.env);
    if (positionals.length > 0) {
      if (positionals.join(" ") !== "check") {
        throw new AppError("usage", `config ${positionals.join(" ")}: only "check" can follow`);
      }
      if (io.json) io.out(JSON.stringify({ warnings }));
      else if (warnings.length === 0) io.out("every setting is understood");
      else warnings.forEach(io.out);
      return warnings.length === 0 ? 0 : 1;
    }
    if (io.json) io.out(JSON.stringify(shown));
    else shown.forEach(({ name, value, from }) => io.out(`${name}=${value}  # ${from}`));
    return 0;
  },
};

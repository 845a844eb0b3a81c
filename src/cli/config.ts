import { loadConfiguration } from "../config/load.ts";
import type { Command } from "./command.ts";

/** `wayfarer config`. */
export const configCommand: Command = {
  name: "config",
  summary: "prints the effective settings and where each comes from",
  usage: `wayfarer config

Prints every setting; secrets are masked.

Example:
  PORT=9000 wayfarer config`,
  run: async (io) => {
    const { shown } = await loadConfiguration(io.env);
    if (io.json) io.out(JSON.stringify(shown));
    else shown.forEach(({ name, value, from }) => io.out(`${name}=${value}  # ${from}`));
    return 0;
  },
};

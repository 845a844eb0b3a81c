import { PROGRAM_VERSION } from "../app/program-version.ts";
import type { Command } from "./command.ts";

/** `wayfarer version`. */
export const versionCommand: Command = {
  name: "version",
  summary: "prints the version of the program and of what runs it",
  usage: `wayfarer version

Example:
  wayfarer version --json`,
  run: (io) => {
    const version = PROGRAM_VERSION;
    const runtime = io.runtime.name;
    io.out(io.json ? JSON.stringify({ version, runtime }) : `wayfarer ${version} (${runtime})`);
    return Promise.resolve(0);
  },
};

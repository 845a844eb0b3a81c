import { AppError, asAppError, ERRORS } from "../errors.ts";
import type { Command, CommandIo } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { commandNamed } from "./help.ts";

const ALIASES: Readonly<Record<string, string>> = {
  "--help": "help",
  "-h": "help",
  "--version": "version",
};

/** Runs `wayfarer ARGS` and answers its exit status: 0, 1 (failed) or 2 (used wrongly). */
export async function runCommandLine(io: Omit<CommandIo, "json">): Promise<0 | 1 | 2> {
  const json = io.args.includes("--json");
  const [first = "help", ...args] = io.args.filter((arg) => arg !== "--json");
  const name = ALIASES[first] ?? first;
  const asksForHelp = args.includes("--help") || args.includes("-h");
  return asksForHelp
    ? await attempt("help", { ...io, args: [name, ...args], json })
    : await attempt(name, { ...io, args, json });
}

async function attempt(name: string, io: CommandIo): Promise<0 | 1 | 2> {
  let command: Command | undefined;
  try {
    command = commandNamed(COMMANDS, name);
    return await command.run(io);
  } catch (error) {
    const known = asAppError(error);
    if (io.json) io.err(JSON.stringify({ error: known.message, code: known.code }));
    else io.err(`wayfarer${command === undefined ? "" : ` ${command.name}`}: ${known.message}`);
    if (!(error instanceof AppError) && io.env["LOG_LEVEL"] === "debug") {
      io.err(error instanceof Error ? error.stack ?? error.message : typeof error);
    }
    return ERRORS[known.code].exit;
  }
}

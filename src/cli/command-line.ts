import { AppError, asAppError, type ErrorCode, ERRORS } from "../errors.ts";
import { cleanedText } from "../model/text.ts";
import type { Command, CommandIo } from "./command.ts";
import { COMMANDS } from "./commands.ts";
import { commandNamed } from "./help.ts";

const ALIASES: Readonly<Record<string, string>> = {
  "--help": "help",
  "-h": "help",
  "--version": "version",
};

/** What to do about faults of files: their texts say only where the fault is. */
const CURES: { readonly [Code in ErrorCode]?: string } = {
  malformed_file: "give a whole export file, as a server wrote it",
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
    const cure = CURES[known.code];
    // Names that a text repeats may hold what makes a terminal do things.
    const text = cleanedText(cure === undefined ? known.message : `${known.message}: ${cure}`);
    if (io.json) io.err(JSON.stringify({ error: text, code: known.code }));
    else io.err(`wayfarer${command === undefined ? "" : ` ${command.name}`}: ${text}`);
    if (!(error instanceof AppError) && io.env["LOG_LEVEL"] === "debug") {
      io.err(error instanceof Error ? error.stack ?? error.message : typeof error);
    }
    return ERRORS[known.code].exit;
  }
}

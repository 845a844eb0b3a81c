import { AppError, asAppError, ERRORS } from "../errors.ts";
import type { Command, CommandIo } from "./command.ts";
import { COMMANDS } from "./commands.ts";

/** Runs `wayfarer ARGS` and answers its exit status: 0, 1 (failed) or 2 (used wrongly). */
export async function runCommandLine(io: Omit<CommandIo, "json">): Promise<0 | 1 | 2> {
  const [name = "help", ...rest] = io.args;
  const json = rest.includes("--json");
  const args = rest.filter((arg) => arg !== "--json");
  if (["help", "--help", "-h"].includes(name)) {
    listCommands(io.out);
    return 0;
  }
  const command = COMMANDS.find((one) => one.name === name);
  if (command === undefined) {
    io.err(`there is no command "${name}"; "wayfarer help" lists them`);
    return 2;
  }
  if (args.includes("--help") || args.includes("-h")) {
    io.out(`wayfarer ${command.name}: ${command.summary}\n\n${command.usage}`);
    return 0;
  }
  return await attempt(command, { ...io, args, json });
}

async function attempt(command: Command, io: CommandIo): Promise<0 | 1 | 2> {
  try {
    return await command.run(io);
  } catch (error) {
    const known = asAppError(error);
    if (io.json) io.err(JSON.stringify({ error: known.message, code: known.code }));
    else io.err(`wayfarer ${command.name}: ${known.message}`);
    if (!(error instanceof AppError) && io.env["LOG_LEVEL"] === "debug") {
      io.err(error instanceof Error ? error.stack ?? error.message : typeof error);
    }
    return ERRORS[known.code].exit;
  }
}

function listCommands(out: (line: string) => void): void {
  out("wayfarer COMMAND [--json]\n");
  const width = Math.max(...COMMANDS.map((command) => command.name.length));
  for (const command of COMMANDS) out(`  ${command.name.padEnd(width)}  ${command.summary}`);
  out("\nwayfarer COMMAND --help tells its options, with an example.");
}

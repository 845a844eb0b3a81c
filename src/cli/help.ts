import { AppError } from "../errors.ts";
import { nearest } from "../model/nearest.ts";
import type { Command, CommandIo } from "./command.ts";
import { printable } from "./printable.ts";

const USAGE = `wayfarer help [COMMAND [SUBCOMMAND]]

Lists the commands, or prints the options of one with an example, as COMMAND --help does.

Example:
  wayfarer help export verify`;

/** `wayfarer help`. `commands`: all of them, this one included. */
export function helpCommand(commands: () => readonly Command[]): Command {
  return {
    name: "help",
    summary: "lists the commands, or explains one of them",
    usage: USAGE,
    run: (io) => {
      const [name, sub] = io.args.filter((word) => !word.startsWith("-"));
      if (name === undefined) listCommands(commands(), io.out);
      else explain(commandNamed(commands(), name), sub, io);
      return Promise.resolve(0);
    },
  };
}

/** The command of this name; throws `usage` with the one that was probably meant. */
export function commandNamed(commands: readonly Command[], name: string): Command {
  const command = commands.find((one) => one.name === name);
  if (command !== undefined) return command;
  const near = nearest(name, commands.map((one) => one.name));
  const hint = near === undefined ? "" : `did you mean "${near}"? `;
  throw new AppError(
    "usage",
    `there is no command ${printable(name, 100)}: ${hint}"wayfarer help" lists them`,
  );
}

function explain(command: Command, sub: string | undefined, io: Pick<CommandIo, "out">): void {
  const inner = command.subcommands?.find((one) => one.name === sub);
  const { summary, usage } = inner ?? command;
  const name = inner === undefined ? command.name : `${command.name} ${inner.name}`;
  io.out(`wayfarer ${name}: ${summary}\n\n${usage}`);
}

function listCommands(commands: readonly Command[], out: (line: string) => void): void {
  out("wayfarer COMMAND [--json]\n");
  const width = Math.max(...commands.map((command) => command.name.length));
  for (const { name, summary, subcommands } of commands) {
    const inner = subcommands === undefined
      ? ""
      : ` (${subcommands.map((one) => one.name).join(", ")})`;
    out(`  ${name.padEnd(width)}  ${summary}${inner}`);
  }
  out('\n"wayfarer help COMMAND" prints its options, with an example.');
}

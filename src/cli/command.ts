import type { Environment } from "../config/environment.ts";
import type { Runtime } from "../runtime/runtime.ts";

/** What a command may touch of the world outside. */
export type CommandIo = {
  /** Arguments after the command's own name. */
  readonly args: readonly string[];
  readonly env: Environment;
  /** A line of the answer, to standard output. */
  out(line: string): void;
  /** A line for people about how it goes, to standard error. */
  err(line: string): void;
  /** Whether the answer should be JSON (`--json`). */
  readonly json: boolean;
  /** Aborted by SIGINT and SIGTERM. */
  readonly signal: AbortSignal;
  readonly runtime: Runtime;
  /** Whether a person watches standard error. */
  readonly terminal: boolean;
};

/** One command of the command line. */
export type Command = {
  readonly name: string;
  /** One line for the list of commands. */
  readonly summary: string;
  /** Synopsis, options, and an example. */
  readonly usage: string;
  /** Commands of which this is only the common name. */
  readonly subcommands?: readonly Command[];
  /** 0 done, 1 failed, 2 used wrongly. May throw an AppError; its code has an exit status. */
  run(io: CommandIo): Promise<0 | 1 | 2>;
};

import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { Command, CommandIo } from "../../src/cli/command.ts";
import { AppError } from "../../src/errors.ts";
import { currentRuntime } from "../../src/runtime/current.ts";

/** What a command said. */
export type Ran = {
  readonly status: 0 | 1 | 2 | undefined;
  readonly out: readonly string[];
  readonly err: readonly string[];
  /** What it threw, if it did. */
  readonly error: AppError | undefined;
};

/** Runs a command as the command line does, its lines collected. Errors of our own are answered, others thrown. */
export async function runCommand(
  command: Command,
  args: readonly string[],
  options: Partial<Pick<CommandIo, "env" | "signal" | "json">> = {},
): Promise<Ran> {
  const out: string[] = [];
  const err: string[] = [];
  try {
    const status = await command.run({
      args,
      env: {},
      json: false,
      signal: new AbortController().signal,
      ...options,
      out: (line) => out.push(line),
      err: (line) => err.push(line),
      runtime: currentRuntime(),
      terminal: false,
    });
    return { status, out, err, error: undefined };
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return { status: undefined, out, err, error };
  }
}

/** A folder of its own until the end of the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "wayfarer-test-"));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

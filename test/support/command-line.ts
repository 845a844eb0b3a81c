import { vi } from "vitest";
import { runCommandLine } from "../../src/cli/command-line.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import type { Finished } from "./program.ts";

/** Runs `wayfarer ARGS` in this process, which is much faster than a process of its own. */
export async function runHere(
  args: readonly string[],
  settings: Readonly<Record<string, string>> = {},
  signal: AbortSignal = new AbortController().signal,
): Promise<Finished> {
  // What the database's client reads by itself.
  for (const [name, value] of Object.entries(settings)) {
    if (name.startsWith("PG")) vi.stubEnv(name, value);
  }
  const lines = { out: "", err: "" };
  try {
    const status = await runCommandLine({
      args,
      env: settings,
      out: (line) => lines.out += `${line}\n`,
      err: (line) => lines.err += `${line}\n`,
      signal,
      runtime: currentRuntime(),
      terminal: false,
    });
    return { status, ...lines };
  } finally {
    vi.unstubAllEnvs();
  }
}

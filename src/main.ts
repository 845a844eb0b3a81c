import process from "node:process";
import { runCommandLine } from "./cli/command-line.ts";
import { currentRuntime } from "./runtime/current.ts";

const interrupted = new AbortController();
for (const signal of ["SIGINT", "SIGTERM"] as const) {
  process.on(signal, () => interrupted.abort(new Error(signal)));
}
// A reader that went away (`| head`) is no failure of ours.
process.stdout.on("error", () => {});

process.exitCode = await runCommandLine({
  args: process.argv.slice(2),
  env: process.env,
  out: (line) => process.stdout.write(`${line}\n`),
  err: (line) => process.stderr.write(`${line}\n`),
  signal: interrupted.signal,
  runtime: currentRuntime(),
  terminal: process.stderr.isTTY === true,
});
// Nothing that is left over (an idle connection, a timer) may keep a finished command alive.
process.exit();

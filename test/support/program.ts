import { spawn } from "node:child_process";
import { chmod, mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { onTestFinished } from "vitest";

/** What a finished command left behind. */
export type Finished = {
  readonly status: number | null;
  readonly out: string;
  readonly err: string;
};

/** A running process of the program, on the runtime that runs the tests. */
export type Program = {
  /** Undefined when it could not be started. */
  readonly pid: number | undefined;
  /** Sends a signal, if it still runs. */
  signal(name: "SIGTERM" | "SIGINT" | "SIGKILL"): void;
  /** Resolves with the first line of either output that matches; rejects when the process ends before. */
  line(pattern: RegExp): Promise<string>;
  finished(): Promise<Finished>;
};

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
/** What users run: on Node the launcher, whose bundle the run's set-up makes; on Deno the sources themselves. */
const ARGUMENTS = "Deno" in globalThis ? ["run", "-A", "src/main.ts"] : ["bin/wayfarer.mjs"];
/** The README's command that starts a server. */
const START: readonly [string, ...string[]] = "Deno" in globalThis
  ? [process.execPath, "task", "start"]
  : ["npm", "start"];

/** Starts `wayfarer ARGS` with these settings and no others; ended with the test at the latest. */
export function startProgram(
  args: readonly string[],
  settings: Readonly<Record<string, string>>,
  input?: string,
): Program {
  return startProcess([process.execPath, ...ARGUMENTS, ...args], settings, input);
}

/** Starts a server by the README's command, through the package manager or task runner. */
export function startByReadme(settings: Readonly<Record<string, string>>): Program {
  return startProcess(START, settings);
}

/** Runs a script of the shell in a folder, as a reader of the documentation does. */
export function startShell(
  script: string,
  folder: string,
  settings: Readonly<Record<string, string>>,
): Program {
  return startProcess(["sh", "-c", script], settings, "", folder);
}

function startProcess(
  [command, ...args]: readonly [string, ...string[]],
  settings: Readonly<Record<string, string>>,
  input?: string,
  cwd = ROOT,
): Program {
  const { PATH = "", HOME = "" } = process.env;
  const child = spawn(command, args, {
    cwd,
    env: { PATH, HOME, ...settings },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.end(input);
  const output = { out: "", err: "" };
  const waiting = new Set<() => void>();
  const collect = (name: keyof typeof output) => (chunk: Uint8Array) => {
    output[name] += new TextDecoder().decode(chunk);
    waiting.forEach((look) => look());
  };
  child.stdout.on("data", collect("out"));
  child.stderr.on("data", collect("err"));
  let ended = false;
  const finished = new Promise<Finished>((tell) => {
    child.once("exit", () => ended = true);
    child.once("close", (status) => tell({ status, ...output }));
  });
  // By way of the system: Deno's own kill() forgets the status with which the process then ends.
  const signal: Program["signal"] = (name) => {
    if (child.pid !== undefined && !ended) process.kill(child.pid, name);
  };
  onTestFinished(async () => {
    signal("SIGKILL");
    await finished;
  });
  return {
    pid: child.pid,
    signal,
    finished: () => finished,
    line: (pattern) =>
      new Promise((tell, fail) => {
        const look = () => {
          const found = `${output.out}\n${output.err}`.split("\n").find((one) => pattern.test(one));
          if (found === undefined) return;
          waiting.delete(look);
          tell(found);
        };
        waiting.add(look);
        look();
        finished.then(({ status, err }) => fail(new Error(`ended with ${status}: ${err}`)));
      }),
  };
}

/** Runs a command to its end. */
export async function runProgram(
  args: readonly string[],
  settings: Readonly<Record<string, string>>,
  input?: string,
): Promise<Finished> {
  return await startProgram(args, settings, input).finished();
}

/** A folder of the test's own, gone after it. Others may pass through, as the database's user of root must. */
export async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), "wayfarer-"));
  await chmod(folder, 0o711);
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  return folder;
}

/** A port that nobody listens on just now. */
export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  await new Promise((closed) => server.close(closed));
  if (address === null || typeof address === "string") throw new Error("no port");
  return address.port;
}

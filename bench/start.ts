/**
 * From the start of the program to its readiness, on an empty data directory and on one that it knows, against
 * making and starting the bare database.
 * Run: npm run build && npx tsx bench/start.ts
 */
import { spawn } from "node:child_process";
import { rm } from "node:fs/promises";
import process from "node:process";
import { openEmbedded } from "../src/store/embedded/open.ts";
import { benchFolder } from "./support/cluster.ts";

const PORT = 18_182;
const RUNS = 3;
const say = (line: string): boolean => process.stdout.write(`${line}\n`);

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

async function startOnce(folder: string): Promise<number> {
  const env = { ...process.env, DATA_DIR: folder, PORT: String(PORT), LOG_LEVEL: "error" };
  const started = performance.now();
  const server = spawn(process.execPath, ["bin/wayfarer.mjs", "serve"], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((ready) => server.stdout.once("data", ready));
  const ready = await fetch(`http://127.0.0.1:${PORT}/readyz`);
  const tookMs = performance.now() - started;
  if (ready.status !== 200) throw new Error(`/readyz answered ${ready.status}`);
  server.kill("SIGTERM");
  await new Promise((ended) => server.once("exit", ended));
  return tookMs;
}

async function bareStart(folder: string): Promise<number> {
  let stop = async (): Promise<void> => {};
  const tookMs = await timed(async () => {
    const embedded = await openEmbedded({ dataDirectory: folder, owner: "command" });
    stop = embedded.stop;
  });
  await stop();
  return tookMs;
}

const median = (values: number[]): number =>
  values.sort((left, right) => left - right)[Math.floor(values.length / 2)] ?? 0;

const figures = { first: [], later: [], bareFirst: [], bareLater: [] } as Record<string, number[]>;
for (let run = 0; run < RUNS; run++) {
  const folder = await benchFolder();
  const bare = await benchFolder();
  figures["bareFirst"]?.push(await bareStart(bare));
  figures["bareLater"]?.push(await bareStart(bare));
  figures["first"]?.push(await startOnce(folder));
  figures["later"]?.push(await startOnce(folder));
  await Promise.all([folder, bare].map((one) => rm(one, { recursive: true, force: true })));
}
for (
  const [name, bound, bare] of [["first", 3000, "bareFirst"], ["later", 1000, "bareLater"]] as const
) {
  const took = median(figures[name] ?? []);
  const floor = median(figures[bare] ?? []);
  say(
    `${name} start to ready: ${took.toFixed(0)} ms (under ${bound}); the bare database: ${
      floor.toFixed(0)
    } ms; ratio ${(took / floor).toFixed(1)}`,
  );
}

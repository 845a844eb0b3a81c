import { execFile, spawn } from "node:child_process";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";

/** A server in a process of its own, as in life. */
export type BenchServer = {
  /** Milliseconds of CPU that its process has used; NaN where the system does not tell. */
  cpuMs(): Promise<number>;
  stop(): Promise<void>;
};

const MAIN = ["--import", "tsx", "src/main.ts"];
const TICK_MS = 10;

/**
 * Starts one that takes publishes, with its data in `folder`, and hands it the resources. `checkout`: another version
 * of the project to start in place of this one.
 */
export async function startServer(
  folder: string,
  port: number,
  resources: readonly unknown[],
  checkout?: string,
): Promise<BenchServer> {
  const env = { ...process.env, DATA_DIR: folder, PORT: String(port), LOG_LEVEL: "warn" };
  // Such as --cpu-prof.
  const options = process.argv.slice(2);
  const server = spawn(process.execPath, [...options, ...MAIN, "serve", "--roles", "publish"], {
    env,
    cwd: checkout,
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise<void>((resolve) => server.once("exit", () => resolve()));
  await new Promise((ready, failed) => {
    server.stdout.once("data", ready);
    server.once("exit", () => failed(new Error("the server did not start")));
  });
  const file = join(folder, "resources.json");
  await writeFile(file, JSON.stringify(resources));
  await promisify(execFile)(process.execPath, [...MAIN, "apply", file], {
    env,
    cwd: checkout,
  });
  return {
    cpuMs: async () => {
      const stat = await readFile(`/proc/${server.pid}/stat`, "utf8").catch(() => "");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return (Number(fields[11]) + Number(fields[12])) * TICK_MS;
    },
    stop: async () => {
      server.kill("SIGTERM");
      await ended;
    },
  };
}

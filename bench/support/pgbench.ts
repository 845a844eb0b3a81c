import { execFile } from "node:child_process";
import { readdir, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import type { BenchCluster } from "./cluster.ts";

/** What pgbench reached. */
export type Floor = {
  readonly perSecond: number;
  /** Of one transaction, in milliseconds. */
  readonly p50: number;
};

/** Runs one SQL statement over and over on `clients` connections, prepared, for `seconds`. */
export async function pgbench(
  { address, folder }: BenchCluster,
  statement: string,
  clients: number,
  seconds: number,
): Promise<Floor> {
  const script = join(folder, "floor.sql");
  const log = join(folder, "floor-log");
  await writeFile(script, `${statement.replace(/\s+/g, " ")};\n`);
  const { stdout } = await promisify(execFile)("pgbench", [
    ...["-n", "-M", "prepared", "-c", String(clients), "-j", "2", "-T", String(seconds)],
    ...["-l", "--log-prefix", log, "-f", script],
    ...["-h", address.folder, "-U", address.user, address.database],
  ], { env: { ...process.env, PGPASSWORD: address.password } });
  const latencies: number[] = [];
  for (const name of await readdir(folder)) {
    if (!name.startsWith("floor-log")) continue;
    const lines = (await readFile(join(folder, name), "utf8")).trim().split("\n");
    // Client, transaction, then microseconds.
    for (const line of lines) latencies.push(Number(line.split(" ")[2]) / 1000);
    await rm(join(folder, name));
  }
  latencies.sort((left, right) => left - right);
  return {
    perSecond: Number(/tps = ([\d.]+)/.exec(stdout)?.[1]),
    p50: latencies[latencies.length >> 1] ?? NaN,
  };
}

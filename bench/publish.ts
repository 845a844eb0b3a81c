/**
 * Publishes of 14 certified keys by 16 clients, against pgbench with the same SQL statement on the same
 * PostgreSQL; then latency at half the rate that was reached.
 * Run: npx tsx bench/publish.ts
 */
import { type ChildProcess, execFile, spawn } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { ensureIssuer } from "../src/device/issuer.ts";
import { makeTeks } from "../src/device/tek.ts";
import { makeUpload } from "../src/device/upload.ts";
import { asSeconds } from "../src/model/ids.ts";
import { currentRuntime } from "../src/runtime/current.ts";
import { publishSql } from "../src/store/publish.ts";
import { type BenchCluster, benchFolder, openCluster } from "./support/cluster.ts";
import { load, type LoadResult, percentile, requestBytes } from "./support/http-load.ts";

const CLIENTS = 16;
const KEYS = 14;
const SECONDS = 8;
const REQUESTS = 12_000;
const PORT = 18_181;

const { crypto } = currentRuntime();
const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const random = (length: number) => crypto.digests.getRandomValues(new Uint8Array(length));

/** Values in the place of the statement's parameters, random where they are random in life. */
const PARAMETERS: readonly string[] = [
  `(select array_agg(decode(md5(random()::text || n), 'hex')) from generate_series(1, ${KEYS}) n)`,
  `(select array_agg(2800000 + n * 144) from generate_series(1, ${KEYS}) n)`,
  `(select array_agg(144::smallint) from generate_series(1, ${KEYS}) n)`,
  `(select array_agg(2::smallint) from generate_series(1, ${KEYS}) n)`,
  `(select array_agg(1::smallint) from generate_series(1, ${KEYS}) n)`,
  ...["'confirmed'", "'{MAG}'", "false", "'mag'", "'issuer'"],
  ...["'issuer'", "'unknown'", "14", "false", "1", "1", "false"],
];

async function floor(
  { address, folder }: BenchCluster,
): Promise<{ rate: number; latencyMs: number }> {
  const script = join(folder, "publish.sql");
  const sql = publishSql({ windowSeconds: 3600, releaseSameDayKeys: false });
  const statement = sql.replace(/\$(\d+)/g, (_, n) => PARAMETERS[Number(n) - 1] ?? "null");
  await writeFile(script, `${statement.replace(/\s+/g, " ")};\n`);
  const { stdout } = await promisify(execFile)("pgbench", [
    ...["-n", "-M", "prepared", "-c", String(CLIENTS), "-j", "2", "-T", String(SECONDS)],
    ...["-f", script, "-h", address.folder, "-U", address.user, address.database],
  ], { env: { ...process.env, PGPASSWORD: address.password } });
  return {
    rate: Number(/tps = ([\d.]+)/.exec(stdout)?.[1]),
    latencyMs: Number(/latency average = ([\d.]+)/.exec(stdout)?.[1]),
  };
}

async function requests(issuerFile: string, count: number): Promise<Uint8Array[]> {
  const { issuer } = await ensureIssuer(crypto, issuerFile);
  const now = asSeconds(Date.now() / 1000);
  return await Promise.all(Array.from({ length: count }, async () => {
    const teks = makeTeks({ now, days: KEYS, today: false }, random);
    const body = await makeUpload(teks, {
      healthAuthorityId: "mag",
      reportType: "confirmed",
      certificate: { issuer: "bench", audience: "bench", keyVersion: "v1" },
      transmissionRisk: 0,
      traveler: false,
    }, { crypto, issuer, random, now });
    return requestBytes("/v1/publish", JSON.stringify(body));
  }));
}

function latencies({ latencies, failures }: LoadResult): string {
  const at = (share: number): string => percentile(latencies, share).toFixed(2);
  return `p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, ${failures} failed`;
}

const resources = (publicKeyPem: string): string =>
  JSON.stringify([
    {
      kind: "Issuer",
      name: "bench",
      issuer: "bench",
      audience: "bench",
      keys: [{ version: "v1", publicKeyPem }],
    },
    { kind: "HealthAuthority", name: "mag", regions: ["MAG"], acceptIssuers: ["bench"] },
  ]);

/** A server of its own process, as in life; it owns the database that the floor is measured on too. */
async function startServer(folder: string, issuerFile: string): Promise<ChildProcess> {
  const env = { ...process.env, DATA_DIR: folder, PORT: String(PORT), LOG_LEVEL: "warn" };
  const { issuer } = await ensureIssuer(crypto, issuerFile);
  const file = join(folder, "resources.json");
  await writeFile(file, resources(issuer.publicKeyPem));
  const main = ["--import", "tsx", "src/main.ts"];
  const server = spawn(process.execPath, [...main, "serve", "--roles", "publish"], {
    env,
    stdio: ["ignore", "pipe", "inherit"],
  });
  await new Promise((ready, failed) => {
    server.stdout.once("data", ready);
    server.once("exit", () => failed(new Error("the server did not start")));
  });
  await promisify(execFile)(process.execPath, [...main, "apply", file], { env });
  return server;
}

const folder = await benchFolder();
const issuerFile = join(folder, "issuer.pem");
const server = await startServer(folder, issuerFile);
const cluster = await openCluster(folder);
try {
  const bare = await floor(cluster);
  say(
    `floor, pgbench -c ${CLIENTS}: ${bare.rate.toFixed(0)}/s, latency ${
      bare.latencyMs.toFixed(2)
    } ms`,
  );
  await cluster.database.bulk`truncate exposure, publish_stat_entry`;
  await load(PORT, await requests(issuerFile, 1500), CLIENTS);
  const full = await load(PORT, await requests(issuerFile, REQUESTS), CLIENTS);
  say(
    `publish, ${CLIENTS} clients: ${full.perSecond.toFixed(0)}/s, ${latencies(full)}; ` +
      `publish / floor: ${(full.perSecond / bare.rate).toFixed(2)} (at least 0.5)`,
  );
  const half = await load(PORT, await requests(issuerFile, REQUESTS / 2), 64, full.perSecond / 2);
  const ratio = percentile(half.latencies, 0.99) / bare.latencyMs;
  say(
    `at half of that rate: ${latencies(half)}; p99 / floor's latency: ${
      ratio.toFixed(1)
    } (under 25)`,
  );
} finally {
  await cluster.database.close();
  server.kill("SIGTERM");
  await new Promise((ended) => server.once("exit", ended));
  await cluster.close();
}

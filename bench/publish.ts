/**
 * Publishes of 14 certified keys by 16 clients, against pgbench with the same SQL statement on the same PostgreSQL,
 * in turns; then latency at half the rate that was reached.
 * Run: npx tsx bench/publish.ts [options of Node for the server, such as --cpu-prof]
 */
import { Buffer } from "node:buffer";
import { join } from "node:path";
import process from "node:process";
import { ensureIssuer } from "../src/device/issuer.ts";
import { makeTeks } from "../src/device/tek.ts";
import { makeUpload } from "../src/device/upload.ts";
import { asSeconds } from "../src/model/ids.ts";
import { currentRuntime } from "../src/runtime/current.ts";
import type { CheckedKey } from "../src/store/publish/checked-set.ts";
import { insertParameters, publishSql } from "../src/store/publish/publish.ts";
import { statParameters } from "../src/store/publish/stat.ts";
import { type BenchCluster, benchFolder, openCluster } from "./support/cluster.ts";
import { load, percentile, requestBytes } from "./support/http-load.ts";
import { type Floor, pgbench } from "./support/pgbench.ts";
import { type BenchServer, startServer } from "./support/server.ts";

const ROUNDS = 3;
const CLIENTS = 16;
const KEYS = 14;
const FLOOR_SECONDS = 4;
const REQUESTS = 4_000;
/** Enough that one slow answer does not keep others waiting. */
const OPEN_CLIENTS = 64;
const PORT = 18_181;

const { crypto } = currentRuntime();
const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));

/** The statement with its parameters written in; only the keys are made anew each time. */
function floorStatement(): string {
  const keys: CheckedKey[] = makeTeks({
    now: asSeconds(Date.now() / 1000),
    days: KEYS,
    today: false,
  }, random)
    .map((tek) => ({
      key: tek.key,
      hex: Buffer.from(tek.key).toString("hex"),
      intervalNumber: tek.intervalNumber,
      intervalCount: tek.intervalCount,
      transmissionRisk: 2,
      daysSinceOnset: 1,
      onsetTold: true,
    }));
  const set = {
    keys,
    reportType: "confirmed",
    regions: ["MAG"],
    traveler: false,
    healthAuthority: "mag",
    issuer: "bench",
  } as const;
  const stat = {
    issuer: "bench",
    platform: "unknown",
    teks: KEYS,
    revision: false,
    oldestDays: KEYS,
    onsetDays: 1,
    missingOnset: false,
  } as const;
  const [, ...values] = [
    ...insertParameters([{ set, keys }], Date.now() / 1000 | 0),
    ...statParameters([stat]),
  ];
  const fresh =
    `(select array_agg(decode(md5(random()::text || n), 'hex')) from generate_series(1, ${KEYS}) n)`;
  const parameters = [fresh, ...values.map((value) => `'${value}'`)];
  return publishSql({ windowSeconds: 3600, releaseSameDayKeys: false })
    .replace(/\$(\d+)/g, (_, n) => parameters[Number(n) - 1] ?? "null");
}

const STATEMENT = floorStatement();

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

const resources = (publicKeyPem: string): readonly unknown[] => [
  {
    kind: "Issuer",
    name: "bench",
    issuer: "bench",
    audience: "bench",
    keys: [{ version: "v1", publicKeyPem }],
  },
  { kind: "HealthAuthority", name: "mag", regions: ["MAG"], acceptIssuers: ["bench"] },
];

type Round = { readonly rate: number; readonly tail: number };

/** The floor, then publishes as fast as they go, then at half of that rate; each on empty tables. */
async function round(
  cluster: BenchCluster,
  server: BenchServer,
  issuerFile: string,
): Promise<Round> {
  const empty = () => cluster.database.bulk`truncate exposure, publish_stat_entry`;
  const upload = await requests(issuerFile, REQUESTS);
  const slower = await requests(issuerFile, REQUESTS / 2);
  await empty();
  const floor: Floor = await pgbench(cluster, STATEMENT, CLIENTS, FLOOR_SECONDS);
  await empty();
  const before = await server.cpuMs();
  const full = await load(PORT, upload, CLIENTS);
  const cpu = (await server.cpuMs() - before) / REQUESTS;
  await empty();
  const half = await load(PORT, slower, OPEN_CLIENTS, full.perSecond / 2);
  const failures = full.failures + half.failures;
  if (failures > 0) throw new Error(`${failures} publishes failed`);
  const rate = full.perSecond / floor.perSecond;
  const tail = percentile(half.latencies, 0.99) / floor.p50;
  say(
    `floor ${floor.perSecond.toFixed(0)}/s, p50 ${floor.p50.toFixed(2)} ms; ` +
      `publish ${full.perSecond.toFixed(0)}/s, p50 ${
        percentile(full.latencies, 0.5).toFixed(2)
      } ms, ` +
      `${cpu.toFixed(2)} ms of the server's CPU each; ` +
      `at half of that rate p50 ${percentile(half.latencies, 0.5).toFixed(2)} ms, ` +
      `p99 ${percentile(half.latencies, 0.99).toFixed(2)} ms; ` +
      `ratios ${rate.toFixed(2)} and ${tail.toFixed(1)}`,
  );
  return { rate, tail };
}

const median = (values: readonly number[]): number =>
  [...values].sort((left, right) => left - right)[values.length >> 1] ?? NaN;

const folder = await benchFolder();
const issuerFile = join(folder, "issuer.pem");
const { issuer } = await ensureIssuer(crypto, issuerFile);
const server = await startServer(folder, PORT, resources(issuer.publicKeyPem));
const cluster = await openCluster(folder);
try {
  await load(PORT, await requests(issuerFile, REQUESTS / 2), CLIENTS);
  const rounds: Round[] = [];
  for (let count = 0; count < ROUNDS; count++) {
    rounds.push(await round(cluster, server, issuerFile));
  }
  say(
    `publish / floor, median: ${median(rounds.map(({ rate }) => rate)).toFixed(2)} (at least 0.5)`,
  );
  const tail = median(rounds.map((one) => one.tail));
  say(`p99 at half the rate / p50 of the floor, median: ${tail.toFixed(1)} (under 25)`);
} finally {
  await cluster.database.close();
  await server.stop();
  await cluster.close();
}

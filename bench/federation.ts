/**
 * Pages of Fetch against pgbench with the same SQL on the same PostgreSQL, then a pull and a push of a million keys
 * (KEYS) from one database into another, through the codecs and both cores, with the memory that takes; then the
 * time from the close of a window to the key at the peer.
 * Run: npx tsx bench/federation.ts
 */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { pullFrom } from "../federation/client/pull.ts";
import { pushTo } from "../federation/client/push.ts";
import { FederationFetchRequest, FederationFetchResponse } from "../proto/gen/federation.js";
import type { OwnSigner } from "../federation/auth/signer.ts";
import { asRegion, asServerId } from "../src/model/ids.ts";
import { peerSchema } from "../src/model/resource/peer.ts";
import { type Database, openDatabase } from "../src/store/database.ts";
import { migrate } from "../src/store/migrate.ts";
import type { WindowSettings } from "../src/store/exposure/closed-window-watermark.ts";
import { type BenchCluster, openCluster } from "./support/cluster.ts";
import { windowLags } from "./support/federation-lag.ts";
import { type BenchServer, benchServer } from "./support/federation-server.ts";

const KEYS = Number(process.env["KEYS"] ?? 1_000_000);
const SECONDS = 4;
const WINDOW = 3600;
/** Short enough to see many; the lag does not depend on it. */
const SHORT_WINDOWS = { windowSeconds: 2, graceSeconds: 1 };
const LAG_WINDOWS = Number(process.env["LAG_WINDOWS"] ?? 15);
const HOME = asServerId("https://home.example");
const AWAY = asServerId("https://away.example");
const REGION = asRegion("MAG");
const now = Math.floor(Date.now() / 1000 / WINDOW) * WINDOW;
const say = (line: string): boolean => process.stdout.write(`${line}\n`);

/** Keys of ten windows that are closed, every tenth not a traveler's. */
async function fill({ bulk }: Database): Promise<void> {
  await bulk.unsafe(`
    insert into exposure (key, interval_number, interval_count, transmission_risk, report_type,
                          days_since_onset, regions, traveler, created_at)
    select substr(sha256(int4send(n)), 1, 16), ${now / 600} - 300 - n % 900, 144, 2, 'confirmed',
           n % 14, '{MAG}', n % 10 <> 0, ${now} - ${WINDOW} * (1 + n % 10)
    from generate_series(1, ${Math.ceil(KEYS / 0.9)}) as n`);
  await bulk.unsafe("vacuum analyze exposure");
}

/** Runs a script and answers its transactions a second. */
async function pgbench({ address }: BenchCluster, database: string, script: string) {
  const { stdout } = await promisify(execFile)("pgbench", [
    ...["-n", "-M", "prepared", "-c", "1", "-T", String(SECONDS), "-f", script],
    ...["-h", address.folder, "-U", address.user, database],
  ], { env: { ...process.env, PGPASSWORD: address.password } });
  return Number(/tps = ([\d.]+)/.exec(stdout)?.[1]);
}

/** Keys a second that pgbench stores in transactions of 5000, with the same indexes. */
async function storingFloor(cluster: BenchCluster): Promise<number> {
  const script = join(cluster.folder, "store.sql");
  await writeFile(
    script,
    "insert into exposure (key, interval_number, interval_count, transmission_risk, report_type, " +
      "days_since_onset, regions, traveler, created_at, source, source_name, home_server, hops) " +
      "select decode(md5(random()::text || n), 'hex'), 2900000, 144, 2, 'confirmed', 3, '{MAG}', true, " +
      `${now}, 'peer', 'floor', 'https://home.example', 1 from generate_series(1, 5000) as n ` +
      "on conflict (key) do nothing;\n",
  );
  return await pgbench(cluster, "away", script) * 5000;
}

/** Pages a second that pgbench gets with the feed's statement, from random places. */
async function floor(cluster: BenchCluster, limit: number): Promise<number> {
  const script = join(cluster.folder, "page.sql");
  await writeFile(
    script,
    `\\set hour random(1, 9)\n\\set first random(0, 200)\n` +
      `select key, interval_number, interval_count, traveler, regions, home_server, hops, ` +
      `created_at, transmission_risk, report_type, days_since_onset from exposure ` +
      `where (created_at, key) > (${now} - :hour::bigint * ${WINDOW}, decode(lpad(to_hex(:first::int), 2, '0'), 'hex')) ` +
      `and created_at < ${now} and regions && '{MAG}' and traveler and source = 'local' ` +
      `order by created_at, key limit ${limit};\n`,
  );
  return await pgbench(cluster, cluster.address.database, script);
}

const blocks = {
  send: { regions: [REGION], maxKeysPerSecond: 10_000_000 },
  accept: { regions: [REGION] },
};
const home = peerSchema.parse({
  kind: "Peer",
  name: "home",
  serverId: HOME,
  ...blocks,
  pull: { pageSize: 5000 },
});
const away = peerSchema.parse({
  kind: "Peer",
  name: "away",
  serverId: AWAY,
  ...blocks,
  push: { enabled: true, pageSize: 5000 },
});

type Call = (request: Request) => Promise<Response>;

/** Pages a second that Fetch answers to one caller, token and codec included. */
async function pages(
  call: Call,
  signer: OwnSigner,
  limit: number,
): Promise<number> {
  const token = await signer.token(HOME);
  let state: FederationFetchResponse["nextFetchState"];
  let count = 0;
  const one = async (): Promise<void> => {
    const body = FederationFetchRequest.encode({
      includeRegions: [REGION],
      onlyTravelers: true,
      maxExposureKeys: limit,
      ...(state ? { state } : {}),
    }).finish();
    const answer = await call(
      new Request(`${HOME}/Federation/Fetch`, {
        method: "POST",
        headers: { "content-type": "application/proto", authorization: `Bearer ${token}` },
        body: new Uint8Array(body),
      }),
    );
    const page = FederationFetchResponse.decode(new Uint8Array(await answer.arrayBuffer()));
    if (page.keys.length !== limit) throw new Error(`a page of ${page.keys.length}`);
    state = page.partialResponse ? page.nextFetchState : undefined;
    count += 1;
  };
  for (let warm = 0; warm < 20; warm++) await one();
  count = 0;
  const start = performance.now();
  while (performance.now() - start < SECONDS * 1000) {
    if (count * limit > KEYS - 30 * limit) state = undefined;
    await one();
  }
  return count / (performance.now() - start) * 1000;
}

/** The most memory that this process, which is both servers, has while it works, in MiB. */
async function peakMemory<T>(
  work: Promise<T>,
): Promise<{ readonly value: T; readonly mib: number }> {
  let bytes = 0;
  const timer = setInterval(() => {
    const { rss } = process.memoryUsage();
    bytes = Math.max(bytes, rss);
  }, 20);
  return { value: await work.finally(() => clearInterval(timer)), mib: bytes / 1048576 };
}

const cluster = await openCluster();
await cluster.database.bulk.unsafe("create database away");
const receiver = openDatabase({
  address: { ...cluster.address, database: "away" },
  statementTimeoutMs: 10_000,
});
await migrate(receiver);
const { signal } = new AbortController();

/** Both servers, each on its database. */
async function bothServers(windows: WindowSettings) {
  const servers = new Map<string, BenchServer>();
  const other = (serverId: string) => () => {
    const found = servers.get(serverId);
    if (found === undefined) throw new Error(`no server ${serverId}`);
    return found;
  };
  const atHome = await benchServer({
    database: cluster.database,
    serverId: HOME,
    peer: away,
    other: other(AWAY),
    windows,
  });
  const atAway = await benchServer({
    database: receiver,
    serverId: AWAY,
    peer: home,
    other: other(HOME),
    windows,
  });
  servers.set(HOME, atHome).set(AWAY, atAway);
  return { atHome, atAway };
}

type Moved = { readonly keys: number; readonly caughtUp: boolean; readonly counts: object };

/** Moves everything, and says how fast that was, and with how much memory. */
async function moving(what: string, storing: number, work: () => Promise<Moved>): Promise<void> {
  const start = performance.now();
  const { value: { keys, caughtUp, counts }, mib } = await peakMemory(work());
  const seconds = (performance.now() - start) / 1000;
  if (!caughtUp || keys < KEYS) throw new Error(`not all keys came: ${JSON.stringify(counts)}`);
  say(
    `${what} of ${keys} keys in pages of 5000: ${seconds.toFixed(1)} s, ` +
      `${(keys / seconds).toFixed(0)} keys/s (at least 40000), both servers in ` +
      `${mib.toFixed(0)} MiB; floor, pgbench storing alone: ${storing.toFixed(0)}/s; ` +
      `${what} / floor: ${(keys / seconds / storing).toFixed(2)}`,
  );
}

try {
  await fill(cluster.database);
  const { atHome, atAway } = await bothServers({ windowSeconds: WINDOW, graceSeconds: 1 });
  for (const limit of [500, 5000]) {
    const [bare, ours] = [
      await floor(cluster, limit),
      await pages(atHome.call, atAway.signer, limit),
    ];
    const ratio = limit === 500
      ? `Fetch / floor: ${(ours / bare).toFixed(2)} (at least 0.5)`
      : `time of Fetch / floor: ${(bare / ours).toFixed(1)} (under 4)`;
    say(
      `pages of ${limit}: floor, pgbench: ${bare.toFixed(0)}/s; Fetch: ${
        ours.toFixed(0)
      }/s; ${ratio}`,
    );
  }
  const empty = async () => {
    await receiver.bulk.unsafe("truncate exposure, peer_cursor");
  };
  const storing = await storingFloor(cluster);
  await empty();
  await moving("pull", storing, async () => {
    const { client } = await atAway.openClient(home, signal);
    return await pullFrom(home, client, atAway.deps, signal);
  });
  await empty();
  await moving("push", storing, async () => {
    const { client } = await atHome.openClient(away, signal);
    return await pushTo(away, client, atHome.deps, signal);
  });

  await empty();
  await cluster.database.bulk.unsafe("truncate exposure, peer_cursor");
  const short = await bothServers(SHORT_WINDOWS);
  const lags = await windowLags(
    cluster.database,
    receiver,
    short.atHome,
    away,
    SHORT_WINDOWS,
    LAG_WINDOWS,
  );
  say(
    `from the close of a window to the key at the peer, by push, ${LAG_WINDOWS} windows: median ` +
      `${lags[Math.floor(lags.length / 2)]} ms, most ${lags.at(-1)} ms (under 2000)`,
  );
} finally {
  await receiver.close();
  await cluster.close();
}

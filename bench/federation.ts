/**
 * Pages of Fetch against pgbench with the same SQL on the same PostgreSQL, then a pull of a million keys from one
 * database into another, through the codecs and both cores.
 * Run: npx tsx bench/federation.ts
 */
import { execFile } from "node:child_process";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { ownSigner } from "../federation/auth/signer.ts";
import { authenticator } from "../federation/auth/caller.ts";
import { issuerKeys } from "../federation/auth/issuer-keys.ts";
import { clientOpener } from "../federation/client.ts";
import { cursorCodec } from "../federation/cursor.ts";
import { recentFloor } from "../federation/outbound.ts";
import { pullFrom } from "../federation/pull.ts";
import { rateLimit } from "../federation/rate.ts";
import { connectClient } from "../federation/rpc/connect-client.ts";
import { sentDigests } from "../federation/sent-digests.ts";
import { federationServer, MAX_BODY_BYTES } from "../federation/service/server.ts";
import { FederationFetchRequest, FederationFetchResponse } from "../proto/gen/federation.js";
import { accept } from "../src/errors.ts";
import { type LocalKeyRow, localKeys } from "../src/keys/local.ts";
import { asRegion, asServerId } from "../src/model/ids.ts";
import { peerSchema } from "../src/model/resource/peer.ts";
import { currentRuntime } from "../src/runtime/current.ts";
import { type Database, openDatabase } from "../src/store/database.ts";
import { federationDigests } from "../src/store/federation-digest.ts";
import { federationFeed } from "../src/store/federation-feed.ts";
import { federationInbound } from "../src/store/federation-inbound.ts";
import { federationKeys } from "../src/store/federation-key.ts";
import { federationPeers } from "../src/store/federation-peer.ts";
import { migrate } from "../src/store/migrate.ts";
import { seenTokens } from "../src/store/seen-token.ts";
import { windowFloor } from "../src/store/window-floor.ts";
import { type BenchCluster, openCluster } from "./support/cluster.ts";

const KEYS = Number(process.env["KEYS"] ?? 1_000_000);
const SECONDS = 4;
const WINDOW = 3600;
const MAX_AGE_SECONDS = 1_296_000;
const HOME = asServerId("https://home.example");
const AWAY = asServerId("https://away.example");
const REGION = asRegion("MAG");
const { crypto } = currentRuntime();
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
const away = peerSchema.parse({ kind: "Peer", name: "away", serverId: AWAY, ...blocks });

function signerOf(database: Database, serverId: typeof HOME) {
  const rows: LocalKeyRow[] = [];
  const keys = localKeys({
    rows: {
      list: (name) => Promise.resolve(rows.filter((row) => row.name === name)),
      insert: (row) => Promise.resolve(rows.push(row) > 0),
      delete: () => Promise.resolve(false),
    },
    masterKey: new Uint8Array(32),
    crypto,
    now: Date.now,
  });
  return ownSigner({ store: federationKeys(database), keys, crypto, clockMs: Date.now, serverId });
}

/** The server that is fetched from, without sockets. */
async function serverOf(database: Database, awaySigner: ReturnType<typeof signerOf>) {
  const shared = {
    feed: federationFeed(database),
    inbound: federationInbound(database, { windowSeconds: WINDOW, writeTimeoutMs: 10_000 }),
    closedThrough: recentFloor(
      windowFloor(database, { windowSeconds: WINDOW, graceSeconds: 1 }).closedThrough,
      Date.now,
    ),
    serverId: HOME,
    clockMs: Date.now,
    maxAgeSeconds: MAX_AGE_SECONDS,
  };
  return federationServer({
    ...shared,
    authenticate: authenticator({
      peers: () => Promise.resolve([away]),
      serverId: HOME,
      issuerKeys: issuerKeys({
        readDocument: async (url) => {
          const answer = url.endsWith("jwks.json")
            ? await awaySigner.jwks()
            : awaySigner.discovery();
          return accept(new Uint8Array(await answer.arrayBuffer()));
        },
        crypto,
        clockMs: Date.now,
      }),
      seenTokens: seenTokens(database),
      crypto,
      clockMs: Date.now,
    }),
    cursors: await cursorCodec(crypto, new Uint8Array(32)),
    rate: rateLimit(Date.now),
    record: () => {},
    maxPushKeysPerSecond: 1,
    sent: sentDigests(federationDigests(database)),
    publicKeys: () => Promise.resolve("{}"),
    protocols: ["connect"],
    maxBodyBytes: MAX_BODY_BYTES,
    keptSeconds: MAX_AGE_SECONDS,
    requestId: () => "bench",
    onError: (error) => {
      throw error;
    },
  });
}

type Call = (request: Request) => Promise<Response>;

/** Pages a second that Fetch answers to one caller, token and codec included. */
async function pages(
  call: Call,
  signer: ReturnType<typeof signerOf>,
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

const cluster = await openCluster();
await cluster.database.bulk.unsafe("create database away");
const receiver = openDatabase({
  address: { ...cluster.address, database: "away" },
  statementTimeoutMs: 10_000,
});
await migrate(receiver);
try {
  await fill(cluster.database);
  const signer = signerOf(receiver, AWAY);
  const handler = await serverOf(cluster.database, signer);
  const call: Call = async (request) => await handler(request, {});
  for (const limit of [500, 5000]) {
    const [bare, ours] = [await floor(cluster, limit), await pages(call, signer, limit)];
    const ratio = limit === 500
      ? `Fetch / floor: ${(ours / bare).toFixed(2)} (at least 0.5)`
      : `time of Fetch / floor: ${(bare / ours).toFixed(1)} (under 4)`;
    say(
      `pages of ${limit}: floor, pgbench: ${bare.toFixed(0)}/s; Fetch: ${
        ours.toFixed(0)
      }/s; ${ratio}`,
    );
  }
  const transports = {
    connect: (baseUrl: string) =>
      connectClient({ baseUrl, fetch: (input, init) => call(new Request(input, init)) }),
    grpc: () => () => Promise.reject(new Error("is not called")),
  };
  const { signal } = new AbortController();
  const storing = await storingFloor(cluster);
  const { client } = await clientOpener(transports, signer.token)(home, signal);
  const start = performance.now();
  const result = await pullFrom(home, client, {
    inbound: federationInbound(receiver, { windowSeconds: WINDOW, writeTimeoutMs: 10_000 }),
    places: federationPeers(receiver),
    serverId: AWAY,
    clockMs: Date.now,
    maxAgeSeconds: MAX_AGE_SECONDS,
  }, signal);
  const seconds = (performance.now() - start) / 1000;
  if (!result.caughtUp || (result.counts["stored"] ?? 0) < KEYS) {
    throw new Error("not all keys came");
  }
  say(
    `pull of ${result.keys} keys in pages of 5000: ${seconds.toFixed(1)} s, ` +
      `${
        (result.keys / seconds).toFixed(0)
      } keys/s (at least 40000); floor, pgbench storing alone: ` +
      `${storing.toFixed(0)}/s; pull / floor: ${(result.keys / seconds / storing).toFixed(2)}`,
  );
} finally {
  await receiver.close();
  await cluster.close();
}

/**
 * 100,000 keys (KEYS) through a gateway of ours over HTTP on loopback: upload with signing, then download with audit
 * and verification of every signature, each against pgbench storing the same number of rows with the same indexes on
 * the same PostgreSQL, in transactions of 4,000.
 * Run: npx tsx bench/efgs.ts
 */
import { execFile, execFileSync, fork } from "node:child_process";
import { once } from "node:events";
import { readFileSync } from "node:fs";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { runPeer } from "../federation/schedule/peer-run.ts";
import { federationParts } from "../src/app/federation.ts";
import { fileKeys } from "../src/keys/file.ts";
import { openKeys } from "../src/keys/open.ts";
import { readPemCertificate } from "../src/keys/certificate.ts";
import { peerSchema } from "../src/model/resource/peer.ts";
import { currentRuntime } from "../src/runtime/current.ts";
import { type Database, openDatabase } from "../src/store/database.ts";
import { migrate } from "../src/store/migrate.ts";
import { type BenchCluster, openCluster } from "./support/cluster.ts";
import type { GatewayStart } from "./support/efgs-gateway.ts";
import { benchFoundation, fixedResources } from "./support/foundation.ts";

const KEYS = Number(process.env["KEYS"] ?? 100_000);
const BATCH = 4000;
const SECONDS = 4;
const WANTED_KEYS_A_SECOND = 20_000;
const WINDOW = 3600;
const now = Math.floor(Date.now() / 1000 / WINDOW) * WINDOW;
const runtime = currentRuntime();
const say = (line: string): boolean => process.stdout.write(`${line}\n`);

/** A certificate by openssl, and where its key is. */
function certificate(folder: string, country: string, use: string) {
  const path = join(folder, `${country}-${use}`);
  const curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"];
  const names = [
    "-subj",
    `/C=${country}/CN=${use}`,
    "-keyout",
    `${path}.key`,
    "-out",
    `${path}.pem`,
  ];
  execFileSync("openssl", ["req", "-x509", ...curve, "-nodes", ...names], { stdio: "ignore" });
  return { pem: readFileSync(`${path}.pem`, "utf8"), path };
}

async function database(cluster: BenchCluster, name: string): Promise<Database> {
  await cluster.database.bulk.unsafe(`create database ${name}`);
  const opened = openDatabase({
    address: { ...cluster.address, database: name },
    statementTimeoutMs: 10_000,
  });
  await migrate(opened);
  return opened;
}

/** Travelers' keys that ended yesterday, published in ten windows. */
async function fill({ bulk }: Database): Promise<void> {
  await bulk.unsafe(`
    insert into exposure (key, interval_number, interval_count, transmission_risk, report_type,
                          days_since_onset, onset_told, regions, traveler, created_at)
    select substr(sha256(int4send(n)), 1, 16), ${now / 600} - 300 - n % 900, 144, 2, 'confirmed',
           n % 14, true, '{DE}', true, ${now} - ${WINDOW} * (5 + n % 10)
    from generate_series(1, ${KEYS}) as n`);
  await bulk.unsafe("vacuum analyze exposure");
}

/** Rows a second that pgbench stores with a statement, in transactions of {@link BATCH}. */
async function floor({ address, folder }: BenchCluster, name: string, statement: string) {
  const script = join(folder, "floor.sql");
  await writeFile(script, `${statement};\n`);
  const { stdout } = await promisify(execFile)("pgbench", [
    ...["-n", "-M", "prepared", "-c", "1", "-T", String(SECONDS), "-f", script],
    ...["-h", address.folder, "-U", address.user, name],
  ], { env: { ...process.env, PGPASSWORD: address.password } });
  return Number(/tps = ([\d.]+)/.exec(stdout)?.[1]) * BATCH;
}

const HASHES = `insert into efgs_key (hash, upload, day)
  select sha256(random()::text::bytea || int4send(n)), 1, 1 from generate_series(1, ${BATCH}) as n`
  .replaceAll("\n", " ");
const EXPOSURES =
  `insert into exposure (key, interval_number, interval_count, transmission_risk, report_type,
   days_since_onset, regions, traveler, created_at, source, source_name, home_server, hops)
   select decode(md5(random()::text || n), 'hex'), 2900000, 144, 2, 'confirmed', 3, '{DE}', true,
   ${now}, 'peer', 'floor', 'https://home.example', 1 from generate_series(1, ${BATCH}) as n`
    .replaceAll("\n", " ");

type Pair = Record<"authentication" | "signing", ReturnType<typeof certificate>>;

/** A national back end that knows the gateway at `url`. */
async function backEnd(
  opened: Database,
  country: string,
  url: string,
  { authentication, signing }: Pair,
  signers: readonly string[],
) {
  const peer = peerSchema.parse({
    kind: "Peer",
    name: "gateway",
    serverId: url,
    protocol: "efgs",
    send: { regions: [country], maxKeysPerSecond: 10_000_000 },
    accept: { regions: ["DE", "IE"] },
    pull: { enabled: true },
    push: { enabled: true, pageSize: BATCH },
    efgs: {
      country,
      participants: ["DE", "IE"],
      countries: { DE: "DE", IE: "IE" },
      clientCertificate: {
        certificate: `file:${authentication.path}.pem`,
        key: `file:${authentication.path}.key`,
      },
      signingKey: `file:${signing.path}.key`,
      signingCertificate: signing.pem,
      certificateHeaders: true,
      verifySignatures: "require",
      signers,
    },
  });
  const foundation = await benchFoundation(opened, { serverId: `https://${country}.example` }, {
    cache: fixedResources([peer]),
  });
  const keys = openKeys({ local: foundation.keys, file: fileKeys({ crypto: runtime.crypto }) });
  const outgoing = { ...foundation.outgoing, allowPrivate: true };
  const { jobs } = await federationParts({ ...foundation, keys, outgoing }, runtime);
  return async (direction: "pull" | "push"): Promise<number> => {
    const startedAt = performance.now();
    const run = await runPeer(direction, "gateway", jobs, "now", new AbortController().signal);
    if (run.counts["stored"] !== KEYS) throw new Error(`stored ${JSON.stringify(run)}`);
    return KEYS / (performance.now() - startedAt) * 1000;
  };
}

function tell(what: string, rate: number, ofFloor: number): void {
  const wanted = rate >= WANTED_KEYS_A_SECOND ? "" : `, less than ${WANTED_KEYS_A_SECOND}`;
  const ratio = (rate / ofFloor).toFixed(2);
  say(
    `${what}: ${Math.round(rate)} keys/s${wanted}; pgbench stores ${
      Math.round(ofFloor)
    } rows/s, ratio ${ratio}`,
  );
}

const cluster = await openCluster();
const opened: Database[] = [];
try {
  for (const name of ["gateway", "de", "ie"]) opened.push(await database(cluster, name));
  const [gatewayDatabase, de, ie] = opened;
  if (gatewayDatabase === undefined || de === undefined || ie === undefined) throw new Error();
  await fill(de);
  const pairs = ["DE", "IE"].map((country) => ({
    country,
    authentication: certificate(cluster.folder, country, "authentication"),
    signing: certificate(cluster.folder, country, "signing"),
  }));
  const countries = pairs.map(({ country, authentication, signing }) => ({
    kind: "Country",
    name: country,
    certificates: [
      { type: "AUTHENTICATION", pem: authentication.pem },
      { type: "SIGNING", pem: signing.pem },
    ],
  }));
  const address = { ...cluster.address, database: "gateway" };
  const gateway = fork(
    fileURLToPath(new URL("./support/efgs-gateway.ts", import.meta.url)),
    [JSON.stringify({ address, countries } satisfies GatewayStart)],
  );
  const [port] = await once(gateway, "message");
  const url = `http://127.0.0.1:${port}`;
  const signers = pairs.flatMap(({ signing }) => readPemCertificate(signing.pem)?.thumbprint ?? []);
  const [deSide, ieSide] = pairs;
  if (deSide === undefined || ieSide === undefined) throw new Error();
  const fromDe = await backEnd(de, "DE", url, deSide, signers);
  const toIe = await backEnd(ie, "IE", url, ieSide, signers);
  const hashes = await floor(cluster, "gateway", HASHES);
  await gatewayDatabase.bulk`truncate efgs_key`;
  tell("upload with signing", await fromDe("push"), hashes);
  gateway.send("make batches");
  await once(gateway, "message");
  const exposures = await floor(cluster, "de", EXPOSURES);
  tell("download with verification", await toIe("pull"), exposures);
  gateway.disconnect();
} finally {
  for (const one of opened) await one.close();
  await cluster.close();
}

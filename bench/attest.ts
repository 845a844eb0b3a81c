/**
 * What a publish of 14 keys costs the server's CPU without an attestation, with App Attest and with a token of Play
 * Integrity that is decoded here, in turns. With WAYFARER_BEFORE=FOLDER, a checkout of a version without attestations,
 * also what a publish without one cost there.
 * Run: npx tsx bench/attest.ts
 */
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { encodeBase64, encodeBase64Url } from "../src/bytes/base64.ts";
import { attestKey, makeApple, makeAuthority } from "../src/device/attest/apple.ts";
import { makeGoogle, playPayload, playToken } from "../src/device/attest/google.ts";
import { ensureIssuer, type Issuer } from "../src/device/issuer.ts";
import { makeTeks } from "../src/device/tek.ts";
import { makeUpload } from "../src/device/upload.ts";
import { sha256 } from "../src/keys/crypto.ts";
import { attestedText } from "../src/model/attestation-content.ts";
import { asSeconds } from "../src/model/ids.ts";
import { currentRuntime } from "../src/runtime/current.ts";
import { benchFolder, openCluster } from "./support/cluster.ts";
import { load, requestBytes } from "./support/http-load.ts";
import { type BenchServer, startServer } from "./support/server.ts";

const ROUNDS = 3;
const REQUESTS = 400;
const CLIENTS = 16;
const KEYS = 14;
const PORT = 18_182;
const PORT_BEFORE = 18_183;
const APP = { teamId: "ABCDE12345", bundleId: "org.example.mag" };
const PLAY_APP = {
  packageName: "org.example.mag",
  certificateDigest: encodeBase64Url(new Uint8Array(32)),
};

const { crypto } = currentRuntime();
const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));
const median = (values: readonly number[]): number =>
  [...values].sort((left, right) => left - right)[values.length >> 1] ?? NaN;

/** Gives the payload of an attestation of a content hash; undefined: none. */
type Attest = (hash: Uint8Array, nowMs: number) => Promise<string | undefined>;

const folder = await benchFolder();
const { issuer } = await ensureIssuer(crypto, join(folder, "issuer.pem"));
const apple = await makeApple(crypto, Date.now());
const authority = await makeAuthority(crypto, apple, Date.now());
const google = await makeGoogle(crypto);
await writeFile(join(folder, "play.key"), google.decryption);
await writeFile(join(folder, "play.pub"), google.verification);

const KINDS: Readonly<Record<string, Attest>> = {
  none: () => Promise.resolve(undefined),
  appattest: async (hash, nowMs) =>
    encodeBase64(await attestKey(crypto, authority, { ...APP, clientDataHash: hash, nowMs })),
  playintegrity: (hash, nowMs) =>
    playToken(crypto, google, playPayload(PLAY_APP, encodeBase64Url(hash), nowMs)),
};

const plain = [
  {
    kind: "Issuer",
    name: "bench",
    issuer: "bench",
    audience: "bench",
    keys: [{ version: "v1", publicKeyPem: issuer.publicKeyPem }],
  },
  { kind: "HealthAuthority", name: "none", regions: ["MAG"], acceptIssuers: ["bench"] },
];
const attested = (name: string, members: object) => ({
  ...plain[1],
  name,
  attestation: { mode: "require", development: true, ...members },
});
const resources = [
  ...plain,
  attested("appattest", { ios: { kind: "appattest", ...APP, trustAnchors: [apple.rootPem] } }),
  attested("playintegrity", {
    android: {
      kind: "playintegrity",
      decode: "local",
      packageName: PLAY_APP.packageName,
      certificateDigests: [PLAY_APP.certificateDigest],
      keys: [{ decryption: `file:${folder}/play.key`, verification: `file:${folder}/play.pub` }],
    },
  }),
];

async function upload(by: Issuer, kind: string, attest: Attest): Promise<Uint8Array> {
  const now = asSeconds(Date.now() / 1000);
  const body = await makeUpload(makeTeks({ now, days: KEYS, today: false }, random), {
    healthAuthorityId: kind,
    reportType: "confirmed",
    certificate: { issuer: "bench", audience: "bench", keyVersion: "v1" },
    transmissionRisk: 0,
    traveler: false,
  }, { crypto, issuer: by, random, now });
  const hash = await sha256(crypto, new TextEncoder().encode(attestedText(body)));
  const payload = await attest(hash, Date.now());
  return requestBytes(
    "/v1/publish",
    JSON.stringify(payload === undefined ? body : { ...body, deviceVerificationPayload: payload }),
  );
}

/** Milliseconds of CPU that a publish of a kind costs a server. */
async function cpuOf(server: BenchServer, port: number, kind: string): Promise<number> {
  const requests: Uint8Array[] = [];
  for (let count = 0; count < REQUESTS; count++) {
    requests.push(await upload(issuer, kind, KINDS[kind] ?? KINDS["none"] ?? fail()));
  }
  const before = await server.cpuMs();
  const { failures } = await load(port, requests, CLIENTS);
  if (failures > 0) throw new Error(`${failures} publishes of ${kind} failed`);
  return (await server.cpuMs() - before) / REQUESTS;
}

function fail(): never {
  throw new Error("no such kind");
}

process.env["ATTESTATION_DEVELOPMENT"] = "true";
const checkout = process.env["WAYFARER_BEFORE"];
const folderBefore = checkout === undefined ? undefined : await benchFolder();
const server = await startServer(folder, PORT, resources);
const before = checkout === undefined || folderBefore === undefined
  ? undefined
  : await startServer(folderBefore, PORT_BEFORE, plain, checkout);
const cluster = await openCluster(folder);
try {
  const costs: Record<string, number[]> = {};
  for (let round = 0; round <= ROUNDS; round++) {
    const measured: Record<string, number> = {};
    for (const kind of Object.keys(KINDS)) measured[kind] = await cpuOf(server, PORT, kind);
    if (before !== undefined) measured["before"] = await cpuOf(before, PORT_BEFORE, "none");
    // The first warms up.
    if (round === 0) continue;
    for (const [kind, cost] of Object.entries(measured)) (costs[kind] ??= []).push(cost);
    say(Object.entries(measured).map(([kind, cost]) => `${kind} ${cost.toFixed(2)} ms`).join(", "));
  }
  const none = costs["none"] ?? [];
  for (const [kind, list] of Object.entries(costs)) {
    const ratios = list.map((cost, round) => cost / (none[round] ?? NaN));
    say(`${kind} / none, CPU, median of the rounds: ${median(ratios).toFixed(2)}`);
  }
} finally {
  await cluster.database.close();
  await server.stop();
  await before?.stop();
  await cluster.close();
}

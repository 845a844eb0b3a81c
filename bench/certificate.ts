/**
 * One check of a verification certificate with the MAC of 14 keys, against one ECDSA P-256 verification by the
 * `openssl speed` of the same minute.
 * Run: npx tsx bench/certificate.ts
 */
import { execFile } from "node:child_process";
import { join } from "node:path";
import process from "node:process";
import { promisify } from "node:util";
import { ensureIssuer } from "../src/device/issuer.ts";
import { makeTeks } from "../src/device/tek.ts";
import { makeUpload } from "../src/device/upload.ts";
import { importVerifyKey } from "../src/keys/crypto.ts";
import { asHealthAuthorityId, asSeconds } from "../src/model/ids.ts";
import { checkCertificate } from "../src/publish/certificate.ts";
import { parsePublish } from "../src/publish/request-parser.ts";
import { currentRuntime } from "../src/runtime/current.ts";
import { benchFolder } from "./support/cluster.ts";

const KEYS = 14;
const ROUNDS = 9;
const CHECKS = 5_000;

const runtime = currentRuntime();
const { crypto } = runtime;
const say = (line: string): boolean => process.stdout.write(`${line}\n`);
const random = (length: number) => crypto.getRandomValues(new Uint8Array(length));
const median = (values: readonly number[]): number =>
  [...values].sort((left, right) => left - right)[values.length >> 1] ?? NaN;

/** Microseconds of one verification. */
async function opensslMicros(): Promise<number> {
  const { stdout } = await promisify(execFile)("openssl", [
    ...["speed", "-seconds", "1", "ecdsap256"],
  ]);
  return 1_000_000 / Number(/nistp256\)\s.*\s([\d.]+)\s*$/m.exec(stdout)?.[1]);
}

const { issuer } = await ensureIssuer(crypto, join(await benchFolder(), "issuer.pem"));
const now = asSeconds(Date.now() / 1000);
const upload = await makeUpload(makeTeks({ now, days: KEYS, today: false }, random), {
  healthAuthorityId: "mag",
  reportType: "confirmed",
  certificate: { issuer: "bench", audience: "bench", keyVersion: "v1" },
  transmissionRisk: 0,
  traveler: false,
}, { crypto, issuer, random, now });
const request = parsePublish(new TextEncoder().encode(JSON.stringify(upload)), KEYS);
const verifyKey = await importVerifyKey(crypto, issuer.publicKeyPem);
if (!request.ok || !verifyKey.ok) throw new Error("the upload cannot be checked");

const known = {
  issuer: {
    kind: "Issuer",
    name: "bench",
    issuer: "bench",
    audience: "bench",
    keys: [],
    enableStatsApi: false,
  },
  keys: new Map([
    ["v1", { from: -Infinity, thru: Infinity, imported: () => Promise.resolve(verifyKey.value) }],
  ]),
} as const;
const context = {
  crypto,
  directory: new Map([["bench", [known]]]),
  healthAuthority: {
    kind: "HealthAuthority",
    name: asHealthAuthorityId("mag"),
    regions: [],
    acceptIssuers: ["bench"],
    bypassVerification: false,
    bypassRevisionToken: false,
    allowDryRun: false,
  },
  now,
  skewSeconds: 0,
  maxLifetimeSeconds: 86_400,
} as const;

/** Microseconds of one check, on the clock and of CPU, with so many in flight. */
async function check(inFlight: number): Promise<{ readonly wall: number; readonly cpu: number }> {
  const { value } = request.ok ? request : { value: undefined };
  if (value === undefined) throw new Error("no request");
  let left = CHECKS;
  const cpu = process.cpuUsage();
  const started = performance.now();
  await Promise.all(Array.from({ length: inFlight }, async () => {
    while (left-- > 0) {
      const outcome = await checkCertificate(value, context);
      if (!outcome.ok) throw new Error(outcome.message);
    }
  }));
  const wall = (performance.now() - started) * 1000 / CHECKS;
  const { user, system } = process.cpuUsage(cpu);
  return { wall, cpu: (user + system) / CHECKS };
}

await check(1);
const ratios: number[] = [];
const best = { bare: Infinity, one: Infinity };
for (let round = 0; round < ROUNDS; round++) {
  const bare = await opensslMicros();
  const one = await check(1);
  const many = await check(16);
  // openssl counts CPU time, so that is what is compared.
  const ratio = one.cpu / bare;
  ratios.push(ratio);
  best.bare = Math.min(best.bare, bare);
  best.one = Math.min(best.one, one.cpu);
  const text = ({ wall, cpu }: typeof one) => `${cpu.toFixed(0)} µs of CPU (${wall.toFixed(0)} µs)`;
  say(
    `openssl ${bare.toFixed(0)} µs of CPU; a check: 1 in flight ${text(one)}, 16 in flight ${
      text(many)
    }; CPU of 1 in flight / openssl: ${ratio.toFixed(2)}`,
  );
}
// Neighbours on the machine slow a round of either down by a half: the best of each is what they cost alone.
say(
  `check / openssl, CPU, 1 in flight: ${(best.one / best.bare).toFixed(2)} best to best, ${
    median(ratios).toFixed(2)
  } median of the rounds (at most 1.5)`,
);

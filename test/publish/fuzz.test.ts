import { Buffer } from "node:buffer";
import process from "node:process";
import fc from "fast-check";
import { beforeEach, describe, expect, it } from "vitest";
import { errorFields, jsonLog } from "../../src/observe/log.ts";
import {
  publishAlphaRoute,
  publishRoute,
  type PublishRouteDependencies,
} from "../../src/publish/route.ts";
import { statsRoute } from "../../src/publish/stats-route.ts";
import { publishStats } from "../../src/store/publish/stat.ts";
import { useDatabase } from "../support/database.ts";
import { ISSUER, jwt, makeWorld, NOON, post, read, resource, tek, type World } from "./world.ts";

/** Mutated requests; FUZZ_RUNS=200000 for a long run. */
const RUNS = Number(process.env["FUZZ_RUNS"] ?? 5000);

/** Pieces that have broken parsers before. */
const HOSTILE = [
  "null",
  "{}",
  "[]",
  '""',
  "0",
  "-0",
  "1e999",
  "1E+2",
  "0x10",
  "NaN",
  "true",
  "\\u0000",
  "\u0000",
  '"\\ud800"',
  "\ufeff",
  "//",
  "/**/",
  '"__proto__":1,',
  '"constructor":{}',
  "2147483648",
  "-2147483649",
  "9".repeat(400),
  "[".repeat(500),
  '{"a":'.repeat(200),
  "'",
  "\\",
  '"',
  ",",
  ":",
  "}",
  "]",
  "%00",
  "' or 1=1 --",
  "{{7*7}}",
  "😀",
];

type Mutation = { at: number; remove: number; insert: string };
const mutation: fc.Arbitrary<Mutation> = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  remove: fc.oneof(fc.constant(0), fc.nat(4), fc.nat(200)),
  insert: fc.oneof(
    fc.constantFrom(...HOSTILE),
    fc.constant(""),
    fc.string({ maxLength: 6 }),
    fc.string({ unit: "binary", maxLength: 3 }),
  ),
});

function mutate(text: string, { at, remove, insert }: Mutation): string {
  const start = Math.floor(at * text.length);
  return text.slice(0, start) + insert + text.slice(start + remove);
}

/** A value of another kind in place of a member's. */
const replaced = fc.record({
  member: fc.constantFrom(
    "temporaryExposureKeys",
    "healthAuthorityID",
    "appPackageName",
    "regions",
    "verificationPayload",
    "hmacKey",
    "symptomOnsetInterval",
    "traveler",
    "revisionToken",
    "padding",
  ),
  value: fc.jsonValue({ maxDepth: 3 }),
});

/** Whole headers and claims of any kind, unsigned. */
const token = fc.tuple(fc.jsonValue(), fc.jsonValue(), fc.string()).map((parts) =>
  parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".")
);

/** All of these as they might be written down: base64 of either alphabet, hex, or the beginning of a longer text. */
function spellings(secrets: readonly string[]): readonly string[] {
  return secrets.flatMap((secret) => [
    secret.slice(0, 40),
    Buffer.from(secret, "base64").toString("hex").slice(0, 40),
    Buffer.from(secret, "base64").toString("base64url").slice(0, 40),
  ]);
}

const leaked = (text: string, secrets: readonly string[]) =>
  secrets.filter((secret) => text.includes(secret));

describe("on hostile input", () => {
  const database = useDatabase();
  let world: World;
  let lines: string[];
  let deps: PublishRouteDependencies;

  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOON);
    world = await makeWorld(database());
    // Half of the requests get past the certificate, so that keys and tokens are fuzzed too.
    world.resources.push(resource("HealthAuthority", {
      name: "open",
      regions: ["MAG"],
      bypassVerification: true,
      allowDryRun: true,
    }));
    lines = [];
    const log = jsonLog("debug", (line) => lines.push(line), () => 0);
    deps = {
      ...world.deps,
      events: {
        answered: (event) => log.info("publish", event),
        failed: (error) => log.error("publish-failed", errorFields(error)),
      },
    };
  });

  it("publishes never answer 5xx, and neither log nor answer holds what came", async () => {
    const routes = { v1: publishRoute(deps), alpha: publishAlphaRoute(deps) };
    const secret = tek(1);
    const first = await read(await routes.v1(post(await world.body([secret, tek(2)]))));
    const revisionToken = first.json.revisionToken ?? "";
    const bases: { api: keyof typeof routes; body: Record<string, unknown> }[] = [];
    const secrets = [revisionToken];
    for (const healthAuthority of ["mag", "open"]) {
      for (const keys of [[secret], [tek(1), tek(0)]]) {
        const { healthAuthorityID: _, ...rest } = await world.body(keys, { revisionToken });
        const body = { ...rest, padding: "x" };
        bases.push({ api: "v1", body: { healthAuthorityID: healthAuthority, ...body } });
        const old = { appPackageName: healthAuthority, regions: ["MAG"], platform: "ios" };
        bases.push({ api: "alpha", body: { ...old, ...body } });
        secrets.push(...keys.map(({ key }) => key));
        secrets.push(String(rest["hmacKey"]), String(rest["verificationPayload"]).slice(-80));
      }
    }
    const hidden = spellings(secrets);
    let stored = 0;
    const statuses = new Map<string, number>();
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...bases),
        fc.array(mutation, { maxLength: 3 }),
        fc.option(replaced, { nil: undefined }),
        fc.option(token, { nil: undefined, freq: 4 }),
        fc.boolean(),
        async ({ api, body: base }, mutations, replacement, certificate, dryRun) => {
          const body = {
            ...base,
            ...(replacement === undefined ? {} : { [replacement.member]: replacement.value }),
            ...(certificate === undefined ? {} : { verificationPayload: certificate }),
          };
          const text = mutations.reduce(mutate, JSON.stringify(body));
          const path = api === "alpha" ? "/" : "/v1/publish";
          const url = `http://wayfarer.test${path}${dryRun ? "?dryRun=1" : ""}`;
          const { status, json } = await read(await routes[api](post(text, {}, url)));
          statuses.set(`${api} ${status}`, (statuses.get(`${api} ${status}`) ?? 0) + 1);
          stored += json.insertedExposures ?? 0;
          expect(status, text).toBeLessThan(500);
          const { padding: _padding, revisionToken: _token, ...told } = json;
          expect(leaked(JSON.stringify(told), hidden)).toEqual([]);
        },
      ),
      { numRuns: RUNS, seed: 17 },
    );
    expect([...statuses.keys()].sort()).toEqual([
      ...["alpha 200", "alpha 400", "alpha 401"],
      ...["v1 200", "v1 400", "v1 401", "v1 403"],
    ]);
    expect(stored).toBeGreaterThan(0);
    expect(lines.length).toBe(RUNS + 1);
    const logged = lines.join("\n");
    expect(leaked(logged, hidden)).toEqual([]);
    expect(logged).not.toContain("publish-failed");
  }, 60_000 + RUNS * 20);

  it("requests for statistics never answer 5xx, and no answer holds what came", async () => {
    const route = statsRoute({ ...deps, stats: publishStats(database()) });
    const claims = { iss: ISSUER, aud: "keyserver", iat: NOON, exp: NOON + 60 };
    const good = await jwt(world.signer, { alg: "ES256", kid: "v1" }, claims);
    const hidden = spellings([good.split(".")[2] ?? "", good]);
    const statuses = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom('{"padding":"eHg="}', "{}"),
        fc.array(mutation, { maxLength: 2 }),
        fc.array(mutation, { maxLength: 2 }),
        fc.option(token, { nil: undefined, freq: 4 }),
        async (base, ofBody, ofToken, other) => {
          const sent = ofToken.reduce(mutate, `Bearer ${other ?? good}`);
          // What no header can hold never comes.
          const authorization = sent.replace(/[^\x20-\x7e]/g, "");
          const text = ofBody.reduce(mutate, base);
          const { status, json } = await read(await route(post(text, { authorization })));
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
          expect(status, `${authorization} ${text}`).toBeLessThan(500);
          expect(leaked(json.error ?? "", hidden)).toEqual([]);
        },
      ),
      { numRuns: Math.ceil(RUNS / 4), seed: 18 },
    );
    expect([...statuses.keys()].sort()).toEqual([200, 400, 401]);
    expect(lines).toEqual([]);
  }, 60_000 + RUNS * 5);
});

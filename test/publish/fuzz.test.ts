import { Buffer } from "node:buffer";
import process from "node:process";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { errorFields, jsonLog } from "../../src/observe/log.ts";
import { publishRoute } from "../../src/publish/route.ts";
import { useDatabase } from "../support/database.ts";
import { makeWorld, NOON, post, read, resource, tek } from "./world.ts";

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

describe("publishRoute() on hostile input", () => {
  const database = useDatabase();

  it("never answers 5xx, and neither log nor answer holds what came", async () => {
    await database().setClock(NOON);
    const world = await makeWorld(database());
    // Half of the requests get past the certificate, so that keys and tokens are fuzzed too.
    world.resources.push(resource("HealthAuthority", {
      name: "open",
      regions: ["MAG"],
      bypassVerification: true,
      allowDryRun: true,
    }));
    const lines: string[] = [];
    const log = jsonLog("debug", (line) => lines.push(line), () => 0);
    const route = publishRoute({
      ...world.deps,
      events: {
        answered: (event) => log.info("publish", event),
        failed: (error) => log.error("publish-failed", errorFields(error)),
      },
    });
    const secret = tek(1);
    const first = await read(await route(post(await world.body([secret, tek(2)]))));
    const revisionToken = first.json.revisionToken ?? "";
    const bases: Record<string, unknown>[] = [];
    for (const healthAuthorityID of ["mag", "open"]) {
      for (const keys of [[secret], [tek(1), tek(0)]]) {
        bases.push(await world.body(keys, { healthAuthorityID, revisionToken, padding: "x" }));
      }
    }
    let stored = 0;
    const statuses = new Map<number, number>();
    await fc.assert(
      fc.asyncProperty(
        fc.nat(bases.length - 1),
        fc.array(mutation, { maxLength: 3 }),
        fc.option(replaced, { nil: undefined }),
        fc.option(token, { nil: undefined, freq: 4 }),
        fc.boolean(),
        async (base, mutations, replacement, jwt, dryRun) => {
          const body = {
            ...bases[base],
            ...(replacement === undefined ? {} : { [replacement.member]: replacement.value }),
            ...(jwt === undefined ? {} : { verificationPayload: jwt }),
          };
          const text = mutations.reduce(mutate, JSON.stringify(body));
          const url = `http://wayfarer.test/v1/publish${dryRun ? "?dryRun=1" : ""}`;
          const { status, json } = await read(await route(post(text, {}, url)));
          statuses.set(status, (statuses.get(status) ?? 0) + 1);
          stored += json.insertedExposures ?? 0;
          expect(status, text).toBeLessThan(500);
          expect(json.error ?? "").not.toContain(secret.key);
          expect(json.error ?? "").not.toContain(revisionToken.slice(0, 40));
        },
      ),
      { numRuns: RUNS, seed: 17 },
    );
    expect([...statuses.keys()].sort()).toEqual([200, 400, 401, 403]);
    expect(stored).toBeGreaterThan(0);
    const logged = lines.join("\n");
    expect(lines.length).toBe(RUNS + 1);
    for (
      const hidden of [
        secret.key,
        Buffer.from(secret.key, "base64").toString("hex"),
        revisionToken.slice(0, 40),
        String(bases[0]?.["hmacKey"]),
        String(bases[0]?.["verificationPayload"]).slice(0, 60),
      ]
    ) expect(logged).not.toContain(hidden);
    expect(logged).not.toContain("publish-failed");
  }, 60_000 + RUNS * 20);
});

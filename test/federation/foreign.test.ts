import { exportJWK, generateKeyPair, SignJWT } from "jose";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { asServerId } from "../../src/model/ids.ts";
import { type Peer, peerSchema } from "../../src/model/resource/peer.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import type { Listening } from "../../src/runtime/runtime.ts";
import { AUTHORITY, SERVER } from "../runtime/certificates.ts";
import { listening as listeningFor } from "../runtime/listening.ts";
import { useDatabase } from "../support/database.ts";
import { insertExposures } from "../support/exposure-rows.ts";
import { type ForeignCall, foreignFetch, hasForeignPeers, type JsonKey } from "./foreign/python.ts";
import { keyBytes, NOW } from "./support.ts";
import { newWorld, type Server, type World } from "./world.ts";

const HOME = asServerId("https://home.example");
const HOUR = 3600;
const runtime = currentRuntime();

/** How deployed clients begin: at the year 1. */
const YEAR_1 = { timestamp: "-62135596800" };
const BEGIN = { keyCursor: YEAR_1, revisedKeyCursor: YEAR_1 };
const base64 = (number: number): string => Buffer.from(keyBytes(number)).toString("base64");
const numbers = (count: number, pick: (index: number) => boolean): number[] =>
  Array.from({ length: count }, (_, index) => index).filter(pick);
const sorted = (keys: readonly JsonKey[]): unknown[] =>
  keys.map(({ exposureKey }) => exposureKey).sort();

/** gRPC's C core with Google's protobuf, by way of Python: nothing of it is ours, nor JavaScript. */
describe.runIf(runtime.trailers.ok && hasForeignPeers())("a foreign client", () => {
  const database = useDatabase();
  let world: World;
  let listening: Listening;
  let home: Server;
  let agreement: Peer;
  let token: string;

  beforeAll(async () => {
    const pair = await generateKeyPair("RS256", { extractable: true });
    token = await new SignJWT({})
      .setProtectedHeader({ alg: "RS256", kid: "1" })
      .setIssuer("https://accounts.example").setSubject("robot").setAudience("keys")
      .setIssuedAt(NOW).setExpirationTime(NOW + HOUR)
      .sign(pair.privateKey);
    world = newWorld(NOW + 60);
    home = await world.server(HOME, database());
    agreement = peerSchema.parse({
      kind: "Peer",
      name: "foreign",
      serverId: "https://foreign.example",
      auth: {
        issuer: "https://accounts.example",
        subject: "robot",
        audience: "keys",
        jwks: { keys: [{ ...await exportJWK(pair.publicKey), kid: "1" }] },
      },
      send: { regions: ["R0", "R1"], excludeRegions: ["R9"] },
    });
    home.agreements.push(agreement);
    const handler = world.handlers.get(HOME);
    if (handler === undefined) throw new Error("no handler");
    listening = await runtime.listen(handler, { host: "127.0.0.1", port: 0 });
  });
  afterAll(() => listening.close(1000));

  /** 40 keys of R0, every other of R1 and R2 too; every fifth revised; some that must not go. */
  beforeEach(async () => {
    home.agreements[0] = agreement;
    await database().clear();
    const created_at = (index: number) => NOW - HOUR * (1 + index % 3);
    await insertExposures(database(), [
      ...numbers(40, () => true).map((index) => ({
        key: keyBytes(index),
        created_at: created_at(index),
        regions: index % 2 === 0 ? ["R0"] : ["R0", "R1", "R2"],
        report_type: "likely",
        days_since_onset: index % 7 === 0 ? -14 : null,
        ...(index % 5 === 0 ? { revised_at: NOW - HOUR, revised_report_type: "confirmed" } : {}),
      })),
      { key: keyBytes(100), created_at: NOW - HOUR, regions: ["R2"] },
      { key: keyBytes(101), created_at: NOW - HOUR, regions: ["R0", "R9"] },
      { key: keyBytes(102), created_at: NOW - HOUR, regions: ["R0", "R1"], traveler: false },
      { key: keyBytes(103), created_at: NOW, regions: ["R0"] },
    ]);
  });

  const fetchAll = async (call: Partial<ForeignCall> = {}) => {
    const [outcome] = await foreignFetch(listening.port, [{
      token,
      all: true,
      ...call,
      request: { includeRegions: ["R0", "R1"], maxExposureKeys: 7, state: BEGIN, ...call.request },
    }]);
    if (outcome === undefined || !("pages" in outcome)) {
      throw new Error(`refused: ${outcome?.status} ${outcome?.text}`);
    }
    return outcome;
  };
  const refusalOf = async (call: ForeignCall) => (await foreignFetch(listening.port, [call]))[0];

  it.each([
    ["as they are", {}],
    ["in gzip, with fields that nobody has heard of", { gzip: true, unknown: true }],
  ])("reads the whole feed, its requests %s", async (_, options) => {
    const { keys, revised, pages, partial } = await fetchAll(options);
    expect(partial).toBe(false);
    expect(sorted(keys)).toEqual(numbers(40, () => true).map(base64).sort());
    expect(sorted(revised)).toEqual(numbers(40, (index) => index % 5 === 0).map(base64).sort());
    for (const [fresh, again] of pages) expect(fresh + again).toBeLessThanOrEqual(7);
    expect(pages.slice(0, 5)).toEqual(Array.from({ length: 5 }, () => [7, 0]));
  });

  it("sees what a key is, in the regions that it may see", async () => {
    const { keys, revised } = await fetchAll();
    const [number0] = keys.filter(({ exposureKey }) => exposureKey === base64(0));
    expect(number0).toEqual({
      exposureKey: base64(0),
      transmissionRisk: 2,
      intervalNumber: (NOW - HOUR) / 600 - 144,
      intervalCount: 144,
      reportType: "CONFIRMED_CLINICAL_DIAGNOSIS",
      daysSinceOnsetOfSymptoms: -14,
      hasSymptomOnset: true,
      traveler: true,
      regions: ["R0"],
    });
    const [number1] = keys.filter(({ exposureKey }) => exposureKey === base64(1));
    expect(number1).toMatchObject({ regions: ["R0", "R1"] });
    expect(number1).not.toHaveProperty("hasSymptomOnset");
    for (const { reportType } of revised) expect(reportType).toBe("CONFIRMED_TEST");
  });

  it("gets what it asks for of what it may have, whatever the case, and nothing for nothing", async () => {
    const odd = numbers(40, (index) => index % 2 === 1).map(base64).sort();
    const request = { includeRegions: ["r1", "R2", "R9", "r77"] };
    const { keys } = await fetchAll({ request: { ...request, maxExposureKeys: 500 } });
    expect(sorted(keys)).toEqual(odd);
    for (const { regions } of keys) expect(regions).toEqual(["R1"]);
    const without = await fetchAll({ request: { includeRegions: ["R0"], excludeRegions: ["r1"] } });
    expect(sorted(without.keys)).toEqual(
      numbers(40, (index) => index % 2 === 0).map(base64).sort(),
    );
    expect(await fetchAll({ request: { includeRegions: [] } })).toMatchObject({ pages: [[0, 0]] });
    expect(await fetchAll({ request: { includeRegions: ["R2"] } })).toMatchObject({
      pages: [[0, 0]],
    });
  });

  it("goes on where it was when a window has closed, and gets nothing twice", async () => {
    const first = await fetchAll({ request: { maxExposureKeys: 500 } });
    expect(first).toMatchObject({ pages: [[40, 8]], partial: false });
    const again = await fetchAll({ request: { maxExposureKeys: 500, state: first.state } });
    expect(again).toMatchObject({ pages: [[0, 0]], partial: false });
  });

  it("reads the whole feed though its rate is low: it waits inside its calls", async () => {
    home.agreements[0] = { ...agreement, send: { ...agreement.send, maxKeysPerSecond: 2 } };
    const { keys, revised, partial } = await fetchAll({ request: { maxExposureKeys: 500 } });
    expect([keys.length, revised.length, partial]).toEqual([40, 8, false]);
    expect(world.waits.length).toBeGreaterThan(3);
    expect(await refusalOf({ token, request, timeout: 2 })).toEqual({
      status: 8,
      text: expect.stringMatching(
        /^more than 2 keys a second: try again in [45] s, or with a longer deadline$/,
      ),
    });
  });

  it("that is a deployed server gets nothing that it fails on, with compatibility: reference", async () => {
    await insertExposures(database(), [
      { key: keyBytes(200), created_at: NOW - HOUR, regions: ["R0"], report_type: "user-report" },
    ]);
    expect(await refusalOf({ token, request, reference: true })).toEqual({
      status: -1,
      text: "a key has an onset",
    });
    const { send: { regions, excludeRegions }, ...rest } = agreement;
    home.agreements[0] = peerSchema.parse({
      ...rest,
      protocol: undefined,
      compatibility: "reference",
      send: { regions, excludeRegions },
    });
    const { keys, revised } = await fetchAll({ reference: true });
    expect(sorted(keys)).toEqual(numbers(40, () => true).map(base64).sort());
    expect(revised.length).toBe(8);
    expect(JSON.stringify([keys, revised])).not.toContain("Symptom");
  });

  it("gets no more keys at once than it wants", async () => {
    const { pages } = await fetchAll({ request: { maxExposureKeys: 1 } });
    expect(pages.filter(([fresh]) => fresh === 1).length).toBe(40);
    expect(pages.filter(([, again]) => again === 1).length).toBe(8);
    expect(pages.every(([fresh, again]) => fresh + again <= 1)).toBe(true);
  });

  const request = { includeRegions: ["R0"] };
  const FORGED = Buffer.alloc(30, 1).toString("base64url");
  it.each<[string, () => ForeignCall, number, string | RegExp]>([
    ["no token", () => ({ request }), 16, /^the token is not accepted: /],
    [
      "a token that is none",
      () => ({ request, token: "x.y.z" }),
      16,
      /^the token is not accepted: /,
    ],
    [
      "a token of another",
      () => ({ request, token: forged(token) }),
      16,
      /^the token is not accepted: /,
    ],
    [
      "regions that are both in and out",
      () => ({ token, request: { includeRegions: ["R0", "R1"], excludeRegions: ["r0"] } }),
      3,
      "includeRegions and excludeRegions overlap",
    ],
    [
      "a forged state",
      () => ({
        token,
        request: {
          ...request,
          state: {
            keyCursor: { timestamp: String(NOW), nextToken: FORGED },
            revisedKeyCursor: { timestamp: "0" },
          },
        },
      }),
      3,
      "the state is not one that was answered to the same question: begin again without a state",
    ],
    [
      "half a state",
      () => ({ token, request: { ...request, state: { keyCursor: { timestamp: "1" } } } }),
      3,
      "a state must have both keyCursor and revisedKeyCursor",
    ],
    [
      "a request beyond all bounds",
      () => ({ token, request, padding: 5 * 1024 * 1024 }),
      8,
      "more than 4194304 bytes",
    ],
    [
      "a request beyond all bounds when unpacked",
      () => ({ token, request, padding: 5 * 1024 * 1024, gzip: true }),
      8,
      "more than 4194304 bytes when unpacked",
    ],
  ])("is refused with %s", async (_, call, status, text) => {
    expect(await refusalOf(call())).toEqual({
      status,
      text: typeof text === "string" ? text : expect.stringMatching(text),
    });
  });

  it("is not kept waiting beyond its deadline, and served when all is well again", async () => {
    await database().bulk.begin(async (transaction) => {
      await transaction`lock table exposure in access exclusive mode`;
      expect(await refusalOf({ token, request, timeout: 0.3 })).toMatchObject({ status: 4 });
    });
    expect(await refusalOf({ token, request })).toMatchObject({ status: 0, pages: [[40, 8]] });
    expect(home.thrown).toEqual([]);
  });

  it("is served over TLS too", async () => {
    const handler = world.handlers.get(HOME);
    if (handler === undefined) throw new Error("no handler");
    const { port } = await listeningFor(handler, { tls: SERVER });
    const [outcome] = await foreignFetch(port, [{ token, request }], AUTHORITY);
    expect(outcome).toMatchObject({ status: 0, pages: [[40, 8]] });
  });

  it("is refused and served on one connection, call by call", async () => {
    const served = { token, request };
    const outcomes = await foreignFetch(listening.port, [
      { request },
      served,
      { token, request, padding: 5 * 1024 * 1024 },
      served,
      { token, request: { includeRegions: ["R0"], excludeRegions: ["R0"] } },
      served,
    ]);
    expect(outcomes.map(({ status }) => status)).toEqual([16, 0, 8, 0, 3, 0]);
  });
});

/** The same claims, signed by nobody: the last bytes are another's. */
function forged(token: string): string {
  const [header = "", claims = "", signature = ""] = token.split(".");
  const bytes = Buffer.from(signature, "base64url").map((byte) => byte ^ 1);
  return [header, claims, Buffer.from(bytes).toString("base64url")].join(".");
}

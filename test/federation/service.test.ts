import { beforeEach, describe, expect, it } from "vitest";
import { type PeerClient, peerClient } from "../../federation/client/peer-client.ts";
import { draftPeer } from "../../federation/client/draft.ts";
import { dayDigests } from "../../federation/digest.ts";
import { receivedKey } from "../../federation/wire.ts";
import { FederationFetchResponse, wayfarer } from "../../proto/gen/federation.js";
import { asRegion, asServerId } from "../../src/model/ids.ts";
import { refuse } from "../../src/errors.ts";
import { encodeHex } from "../../src/bytes/base64.ts";
import { useDatabase } from "../support/database.ts";
import { insertExposures } from "../support/exposure-rows.ts";
import { keyBytes, NOW, peerOf, regionNames, showing } from "./support.ts";
import { newWorld, type Server, type World } from "./world.ts";

const HOUR = 3600;
const A = asServerId("https://a.example");
const B = asServerId("https://b.example");
const { Kind } = wayfarer.federation.v1.Verdict;
const signal = new AbortController().signal;
const wish = { includeRegions: ["R0", "R1"] };

describe("the federation service", () => {
  const databases = [useDatabase(), useDatabase(), useDatabase()] as const;
  let world: World;
  let a: Server;
  let b: Server;
  /** B, calling A with its own tokens. */
  let client: PeerClient;

  beforeEach(async () => {
    await Promise.all(databases.map((database) => database().clear()));
    world = newWorld(NOW + 60);
    a = await world.server(A, databases[0]());
    b = await world.server(B, databases[1]());
    a.agreements.push(
      peerOf({
        name: "b",
        serverId: B,
        send: { regions: regionNames(2) },
        accept: { regions: regionNames(2) },
      }),
    );
    client =
      (await b.openClient(peerOf({ name: "a", serverId: A, protocol: "connect" }), signal)).client;
  });

  const insert = (count: number, more = {}) =>
    insertExposures(
      a.database,
      Array.from({ length: count }, (_, index) => ({
        key: keyBytes(index),
        created_at: NOW - HOUR,
        ...more,
      })),
    );
  const fetched = async (request: Parameters<PeerClient["fetch"]>[0]) => {
    const answer = await client.fetch(request, signal);
    if (!answer.ok) throw new Error(answer.message);
    return answer.value;
  };

  describe("Fetch", () => {
    it("gives the fields that deployed peers know, exactly", async () => {
      await insert(1, {
        regions: ["R1", "Z", "R0"],
        days_since_onset: -3,
        report_type: "user-report",
        transmission_risk: 5,
      });
      const answer = await fetched(wish);
      const shown = FederationFetchResponse.toObject(answer, { enums: String, bytes: Array });
      expect(shown["keys"]).toEqual([{
        exposureKey: [...keyBytes(0)],
        transmissionRisk: 5,
        intervalNumber: NOW / 600 - 6 - 144,
        intervalCount: 144,
        reportType: "SELF_REPORT",
        daysSinceOnsetOfSymptoms: -3,
        hasSymptomOnset: true,
        traveler: true,
        regions: ["R1", "R0"],
      }]);
      expect(shown["nextFetchState"].keyCursor.timestamp).toBe(NOW);
    });

    it("leaves out days since onset and self reports where the agreement says so", async () => {
      const at = { created_at: NOW - HOUR, days_since_onset: 3 };
      const revised = { revised_at: NOW - HOUR, revised_days_since_onset: 2 };
      await insertExposures(a.database, [
        { ...at, key: keyBytes(1), report_type: "likely" },
        { ...at, key: keyBytes(2), report_type: "user-report" },
        {
          ...at,
          ...revised,
          key: keyBytes(3),
          report_type: "user-report",
          revised_report_type: "confirmed",
        },
      ]);
      const send = { regions: regionNames(2), symptomOnset: false, selfReport: false };
      a.agreements[0] = peerOf({ ...a.agreements[0], send });
      const { keys, revisedKeys } = await fetched(wish);
      expect(keys.map(({ exposureKey }) => exposureKey)).toEqual([keyBytes(1)]);
      expect(revisedKeys.map(({ exposureKey }) => exposureKey)).toEqual([keyBytes(3)]);
      for (const key of [...keys, ...revisedKeys]) {
        expect(key).toMatchObject({ hasSymptomOnset: false, daysSinceOnsetOfSymptoms: 0 });
      }
      const told = await client.describe(wish, signal);
      const own = dayDigests(keys.map(receivedKey), revisedKeys.map(receivedKey));
      expect(told.ok && told.value.days.map(({ count, digest }) => [count, [...digest ?? []]]))
        .toEqual(own.map(({ count, digest }) => [count, [...digest]]));
    });

    it("leaves out a DSOS that phones would refuse", async () => {
      await insert(1, { days_since_onset: 15 });
      expect((await fetched(wish)).keys[0]).toMatchObject({
        hasSymptomOnset: false,
        daysSinceOnsetOfSymptoms: 0,
      });
    });

    it("answers an empty page when nothing that was asked for is allowed", async () => {
      await insert(3);
      for (const includeRegions of [[], ["Z"], ["z", "y"]]) {
        const answer = await fetched({ includeRegions });
        expect(answer).toMatchObject({ keys: [], revisedKeys: [], partialResponse: false });
        expect(answer.nextFetchState?.keyCursor?.timestamp).toBe(NOW);
      }
    });

    it.each([[0, 500], [1, 1], [7, 7], [5000, 600], [4_294_967_295, 600]])(
      "gives for maxExposureKeys %i pages of %i",
      async (maxExposureKeys, size) => {
        await insert(600);
        const answer = await fetched({ ...wish, maxExposureKeys });
        expect([answer.keys.length, answer.partialResponse]).toEqual([size, size < 600]);
      },
    );

    it("fills a page up with revisions, and never sends one before its key", async () => {
      await insert(10, {
        report_type: "likely",
        revised_at: NOW - HOUR,
        revised_report_type: "confirmed",
      });
      const pages: number[][] = [];
      const first = new Set<string>();
      let state: FederationFetchResponse["nextFetchState"];
      for (;;) {
        const page = await fetched({ ...wish, maxExposureKeys: 4, ...(state ? { state } : {}) });
        pages.push([page.keys.length, page.revisedKeys.length]);
        const hex = ({ exposureKey }: { exposureKey?: Uint8Array | null }) =>
          encodeHex(exposureKey ?? new Uint8Array());
        page.keys.map(hex).forEach((key) => first.add(key));
        expect(page.revisedKeys.map(hex).every((key) => first.has(key))).toBe(true);
        state = page.nextFetchState;
        if (!page.partialResponse) break;
      }
      expect(pages).toEqual([[4, 0], [4, 0], [2, 2], [0, 4], [0, 4], [0, 0]]);
    });

    it("refuses other filters, half a state and garbage, and says why", async () => {
      await insert(10);
      const { nextFetchState: state } = await fetched({ ...wish, maxExposureKeys: 3 });
      const ask = async (request: Parameters<PeerClient["fetch"]>[0]) =>
        await client.fetch(request, signal);
      const unknown =
        "the peer answered invalid_argument: the state is not one that was answered to the same question: begin again without a state";
      const refused = (message: string) => ({ ok: false, code: "invalid_argument", message });
      const { keyCursor, revisedKeyCursor } = state ?? {};
      if (!state || !keyCursor || !revisedKeyCursor) throw new Error("no state");
      expect((await ask({ ...wish, state })).ok).toBe(true);
      expect((await ask({ includeRegions: ["r1", "r0"], state })).ok).toBe(true);
      expect(await ask({ includeRegions: ["R0"], state })).toEqual(refused(unknown));
      expect(await ask({ ...wish, excludeRegions: ["Z"], state })).toEqual(refused(unknown));
      expect(await ask({ ...wish, onlyTravelers: true, state })).toEqual(refused(unknown));
      const garbage = { timestamp: NOW, nextToken: "garbage" };
      expect(await ask({ ...wish, state: { ...state, keyCursor: garbage } })).toEqual(
        refused(unknown),
      );
      expect(await ask({ ...wish, state: { ...state, revisedKeyCursor: garbage } })).toEqual(
        refused(unknown),
      );
      const swapped = { keyCursor: revisedKeyCursor, revisedKeyCursor: keyCursor };
      expect(await ask({ ...wish, state: swapped })).toEqual(refused(unknown));
      expect(await ask({ ...wish, state: { keyCursor } })).toEqual(
        refused(
          "the peer answered invalid_argument: a state must have both keyCursor and revisedKeyCursor",
        ),
      );
      expect(await ask({ ...wish, excludeRegions: ["r0"] })).toEqual(
        refused("the peer answered invalid_argument: includeRegions and excludeRegions overlap"),
      );
    });

    it("does not take another peer's state", async () => {
      const C = asServerId("https://c.example");
      const c = await world.server(C, databases[2]());
      a.agreements.push(peerOf({ name: "c", serverId: C, send: { regions: regionNames(2) } }));
      await insert(10);
      const { nextFetchState: state } = await fetched({ ...wish, maxExposureKeys: 3 });
      const opened = await c.openClient(
        peerOf({ name: "a", serverId: A, protocol: "connect" }),
        signal,
      );
      expect(await opened.client.fetch({ ...wish, ...(state ? { state } : {}) }, signal))
        .toMatchObject({
          ok: false,
          code: "invalid_argument",
        });
    });

    it("keeps a peer that takes more than its rate waiting for its next page", async () => {
      await insert(100);
      a.agreements[0] = peerOf({
        ...a.agreements[0],
        send: { regions: regionNames(2), maxKeysPerSecond: 30 },
      });
      expect((await fetched(wish)).keys).toHaveLength(100);
      expect(world.waits).toEqual([]);
      expect((await fetched(wish)).keys).toHaveLength(100);
      expect(world.waits).toEqual([2335]);
    });

    it("makes pages smaller for a peer whose rate is low, and no wait longer than a call", async () => {
      await insert(100);
      a.agreements[0] = peerOf({
        ...a.agreements[0],
        send: { regions: regionNames(2), maxKeysPerSecond: 3 },
      });
      const sizes: number[] = [];
      let state: FederationFetchResponse["nextFetchState"];
      for (let partial = true; partial;) {
        const page = await fetched({ ...wish, ...(state ? { state } : {}) });
        sizes.push(page.keys.length);
        ({ partialResponse: partial, nextFetchState: state } = page);
      }
      expect(sizes).toEqual([15, 15, 15, 15, 15, 15, 10]);
      expect(world.waits).toEqual([4001, 5000, 5000, 5000, 5000, 5000]);
    });

    it("keeps a history of what was fetched", async () => {
      await insert(3);
      await fetched(wish);
      await fetched({ includeRegions: ["Z"] });
      expect(a.recorded).toEqual([
        { peer: "b", kind: "fetched", keys: 3, revised: 0, verdicts: {}, tookMs: 0 },
        {
          peer: "b",
          kind: "fetched",
          keys: 0,
          revised: 0,
          verdicts: { no_region_common: 1 },
          tookMs: 0,
        },
      ]);
    });
  });

  describe("Push", () => {
    const key = {
      exposureKey: keyBytes(1),
      transmissionRisk: 2,
      intervalNumber: NOW / 600 - 300,
      intervalCount: 144,
      reportType: 1,
      traveler: true,
      regions: ["R0"],
    };

    it("tells a verdict on each key, in order, with the reason", async () => {
      const batch = {
        batchId: "1",
        keys: [key, { ...key, exposureKey: keyBytes(2).subarray(1) }, key],
        revisedKeys: [{ ...key, exposureKey: keyBytes(9), reportType: 5 }],
      };
      const answer = await client.push(batch, signal);
      if (!answer.ok) throw new Error(answer.message);
      expect(answer.value).toMatchObject({
        verdicts: [
          { verdict: Kind.STORED, reason: "" },
          { verdict: Kind.REFUSED, reason: "key_length: exposureKey must have 16 bytes" },
          { verdict: Kind.DUPLICATE },
        ],
        revisedVerdicts: [
          {
            verdict: Kind.REFUSED,
            reason: "revoked: a key that is not known here cannot be revoked",
          },
        ],
      });
    });

    it("takes an empty batch", async () => {
      expect(await client.push({ batchId: "1" }, signal)).toMatchObject({ ok: true });
      expect(await a.pages.last("b", 1)).toEqual([]);
    });

    it.each([
      ["", [key], "invalid_argument", "batchId must have 1 to 100 characters"],
      ["x".repeat(101), [key], "invalid_argument", "batchId must have 1 to 100 characters"],
      [
        "1",
        Array.from({ length: 5001 }, () => key),
        "resource_exhausted",
        "more than 5000 keys in a batch",
      ],
    ])("refuses the batch %.10s", async (batchId, keys, code, message) => {
      expect(await client.push({ batchId, keys }, signal)).toMatchObject({
        ok: false,
        code,
        message: `the peer answered ${code}: ${message}`,
      });
    });

    it("takes a token once", async () => {
      let kept: string | undefined;
      const rpc = b.transports.connect(A);
      const token = async () => {
        kept ??= await tokenOf();
        return kept;
      };
      const tokenOf = async () => {
        let seen = "";
        const spy = peerClient((_path, _message, options) => {
          seen = options?.authorization ?? "";
          return Promise.resolve(refuse("canceled"));
        });
        await spy.describe({}, signal);
        const opened = await b.openClient(
          peerOf({ name: "a", serverId: A, protocol: "connect" }),
          signal,
        );
        const real = world.handlers.get(A);
        world.handlers.set(A, (request) => {
          seen = request.headers.get("authorization") ?? "";
          return new Response(null, { status: 503 });
        });
        await opened.client.describe({}, signal);
        if (real) world.handlers.set(A, real);
        return seen.replace("Bearer ", "");
      };
      const replaying = peerClient(rpc, showing(token));
      expect(await replaying.push({ batchId: "1" }, signal)).toMatchObject({ ok: true });
      expect(await replaying.push({ batchId: "1" }, signal)).toMatchObject({
        ok: false,
        code: "unauthenticated",
        message: expect.stringContaining("answered unauthenticated: the token is not accepted"),
      });
    });
  });

  describe("Describe", () => {
    it("tells a stranger who it is, and nothing else", async () => {
      await insert(3);
      const answer = await peerClient(b.transports.connect(A)).describe({}, signal);
      if (!answer.ok) throw new Error(answer.message);
      const { serverId, regions, days, limits, protocols, publicKeys, closedThrough } =
        answer.value;
      expect({ serverId, regions, days, limits, protocols, closedThrough }).toMatchObject({
        serverId: A,
        regions: [],
        days: [],
        limits: { maxKeysPerPage: 5000, maxBatchKeys: 5000, maxBodyBytes: 4_194_304 },
        protocols: ["connect"],
        closedThrough: 0,
      });
      expect(JSON.parse(publicKeys).keys).toHaveLength(1);
    });

    it("digests exactly what Fetch sends, day by day", async () => {
      await insertExposures(
        a.database,
        Array.from({ length: 60 }, (_, index) => ({
          key: keyBytes(index),
          created_at: NOW - HOUR * (1 + index % 30),
          interval_number: NOW / 600 - 200 - 40 * (index % 20),
          report_type: "likely",
          days_since_onset: index % 40 - 20,
          traveler: index % 7 !== 0,
          regions: index % 5 === 0 ? ["Z"] : ["R1"],
          ...(index % 3 === 0
            ? {
              revised_at: NOW - HOUR,
              revised_report_type: "confirmed",
              revised_transmission_risk: 3,
            }
            : {}),
        })),
      );
      const page = await fetched({ ...wish, maxExposureKeys: 5000 });
      expect(page.revisedKeys.length).toBeGreaterThan(5);
      const own = dayDigests(page.keys.map(receivedKey), page.revisedKeys.map(receivedKey));
      const answer = await client.describe(wish, signal);
      if (!answer.ok) throw new Error(answer.message);
      expect(answer.value.closedThrough).toBe(NOW);
      const told = answer.value.days.map((
        { day, count, digest },
      ) => [day, count, encodeHex(digest ?? new Uint8Array())]);
      expect(told).toEqual(own.map(({ day, count, digest }) => [day, count, encodeHex(digest)]));
    });

    it("digests only days of which everything that ever went out still would", async () => {
      const today = Math.floor(NOW / 86_400);
      // 336 hours of CLEANUP_TTL lie within 360 of MAX_INTERVAL_AGE_ON_PUBLISH.
      const first = Math.ceil((NOW + 60 - 1_209_600) / 86_400) + 1;
      expect(today - first).toBe(12);
      await insertExposures(
        a.database,
        Array.from({ length: 20 }, (_, index) => ({
          key: keyBytes(index),
          created_at: NOW - HOUR,
          interval_number: (today - index) * 144,
        })),
      );
      const answer = await client.describe({ ...wish, fromDay: 0 }, signal);
      if (!answer.ok) throw new Error(answer.message);
      expect(answer.value.digestsFromDay).toBe(first);
      expect(answer.value.days.map(({ day }) => day)).toEqual(
        Array.from({ length: 13 }, (_, index) => first + index),
      );
    });

    it.each([0, 1, 2, 20])("digests what Fetch sends for %i regions", async (count) => {
      a.agreements[0] = peerOf({ name: "b", serverId: B, send: { regions: regionNames(20) } });
      await insertExposures(
        a.database,
        Array.from({ length: 40 }, (_, index) => ({
          key: keyBytes(index),
          created_at: NOW - HOUR,
          regions: regionNames(20).slice(index % 20, index % 20 + 1 + index % 3),
        })),
      );
      const asked = { includeRegions: regionNames(count) };
      const page = await fetched(asked);
      const expected = Array.from({ length: 40 }, (_, index) => index % 20 < count)
        .filter((goes) => goes).length;
      expect(page.keys.length).toBe(expected);
      for (const key of page.keys) {
        expect(key.regions?.every((region) => regionNames(count).includes(asRegion(region))))
          .toBe(true);
      }
      const answer = await client.describe(asked, signal);
      if (!answer.ok) throw new Error(answer.message);
      const own = dayDigests(page.keys.map(receivedKey), []);
      expect(answer.value.days.map(({ day, count, digest }) => ({
        day,
        count,
        digest: encodeHex(digest ?? new Uint8Array()),
      }))).toEqual(own.map((one) => ({ ...one, digest: encodeHex(one.digest) })));
    });

    it("digests for a peer one call after the other", async () => {
      await insert(3);
      const ask = () => client.describe(wish, signal);
      const answers = await Promise.all([ask(), ask(), ask()]);
      expect(answers.map((answer) => answer.ok && answer.value.days.length)).toEqual([1, 1, 1]);
    });

    it("does not digest what is outside the days or regions that were asked for", async () => {
      await insert(3);
      const day = Math.floor((NOW / 600 - 150) / 144);
      for (
        const request of [
          { ...wish, untilDay: day },
          { ...wish, fromDay: day + 1 },
          { ...wish, excludeRegions: ["R0"], includeRegions: ["R1"] },
          { includeRegions: ["Z"] },
          {},
        ]
      ) {
        const answer = await client.describe(request, signal);
        expect(answer.ok && answer.value.days).toEqual([]);
      }
      const answer = await client.describe(
        { ...wish, fromDay: day, untilDay: day + 1 },
        signal,
      );
      expect(answer.ok && answer.value.days).toHaveLength(1);
    });
  });

  describe("draftPeer()", () => {
    it("drafts an agreement with everything off", async () => {
      const draft = await draftPeer(`${A}/`, b.transports, signal);
      expect(draft).toMatchObject({
        ok: true,
        value: { peer: peerOf({ name: "a.example", serverId: A }), protocols: ["connect"] },
      });
    });

    it("takes a server without Describe for a deployed one", async () => {
      world.handlers.set("https://old.example", () => new Response(null, { status: 404 }));
      const transports = {
        ...b.transports,
        grpc: () => () => Promise.resolve(refuse("unimplemented", "unknown method")),
      };
      expect(await draftPeer("https://old.example", transports, signal)).toMatchObject({
        ok: true,
        value: {
          peer: {
            compatibility: "reference",
            protocol: "grpc",
            send: { symptomOnset: false, selfReport: false },
            pull: { enabled: false },
          },
        },
      });
    });

    it.each([
      [
        "keys.example",
        "invalid_argument",
        "the address must be a URL such as https://keys.other.example",
      ],
      ["https://nobody.example", "fetch_failed", "nobody there"],
      [
        "https://alias.example",
        "invalid_argument",
        `the server there calls itself ${A}: add it by that URL`,
      ],
    ])("refuses %s", async (url, code, message) => {
      const handler = world.handlers.get(A);
      if (handler) world.handlers.set("https://alias.example", handler);
      expect(await draftPeer(url, b.transports, signal)).toEqual({ ok: false, code, message });
    });
  });
});

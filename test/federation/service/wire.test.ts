import { beforeEach, describe, expect, it } from "vitest";
import type { PeerClient } from "../../../federation/client/peer-client.ts";
import { cursorCodec } from "../../../federation/service/cursor.ts";
import { rateLimit } from "../../../federation/rate.ts";
import type { RpcCall } from "../../../federation/rpc/method.ts";
import { sentDigests } from "../../../federation/service/sent-digests.ts";
import { describeHandler } from "../../../federation/service/describe.ts";
import { fetchHandler } from "../../../federation/service/fetch.ts";
import { PATHS } from "../../../federation/messages.ts";
import { pushHandler } from "../../../federation/service/push.ts";
import { FederationFetchRequest, wayfarer } from "../../../proto/gen/federation.js";
import { pause } from "../../../src/bounds/deadline.ts";
import { AppError, refuse } from "../../../src/errors.ts";
import { encodeHex } from "../../../src/bytes/base64.ts";
import { asServerId } from "../../../src/model/ids.ts";
import type { Peer } from "../../../src/model/resource/peer.ts";
import { federationDigests } from "../../../src/store/federation/digest.ts";
import { NATIVE } from "../../support/crypto-providers.ts";
import { useDatabase } from "../../support/database.ts";
import { insertExposures } from "../../support/exposure-rows.ts";
import { keyBytes, NOW, peerOf, regionNames } from "../support.ts";
import { KEPT_SECONDS, newWorld, type Server, type World } from "../world.ts";
import { callIn, ENCODINGS } from "./encodings.ts";

const HOUR = 3600;
const UNAUTHENTICATED = 16;
const A = asServerId("https://a.example");
const B = asServerId("https://b.example");
const C = asServerId("https://c.example");
const regions = regionNames(2);
const { DescribeRequest, PushRequest, Verdict } = wayfarer.federation.v1;
const { signal } = new AbortController();

describe("between servers", () => {
  const databases = [useDatabase(), useDatabase(), useDatabase()] as const;
  let world: World;
  let a: Server;
  let b: Server;
  let c: Server;

  beforeEach(async () => {
    await Promise.all(databases.map((database) => database().clear()));
    world = newWorld(NOW + 60);
    a = await world.server(A, databases[0]());
    b = await world.server(B, databases[1]());
    c = await world.server(C, databases[2]());
    a.agreements.push(
      peerOf({ name: "b", serverId: B, send: { regions }, accept: { regions } }),
      peerOf({ name: "c", serverId: C, send: { regions, resend: true } }),
    );
  });

  const clientOf = async (caller: Server): Promise<PeerClient> =>
    (await caller.openClient(peerOf({ name: "a", serverId: A, protocol: "connect" }), signal))
      .client;
  const fetchedBy = async (caller: Server): Promise<string[]> => {
    const answer = await (await clientOf(caller)).fetch({ includeRegions: regions }, signal);
    if (!answer.ok) throw new Error(answer.message);
    return [...answer.value.keys, ...answer.value.revisedKeys]
      .map(({ exposureKey }) => encodeHex(exposureKey ?? new Uint8Array()));
  };
  const hexes = (...numbers: readonly number[]) => numbers.map((one) => encodeHex(keyBytes(one)));
  const wireKey = (number: number, more = {}) => ({
    exposureKey: keyBytes(number),
    transmissionRisk: 2,
    intervalNumber: NOW / 600 - 300,
    intervalCount: 144,
    reportType: 1,
    traveler: true,
    regions: ["R0"],
    ...more,
  });

  describe("a token", () => {
    const refused = ["expired", "forged", "for another server", "not signed", "no token"];
    const tokens = async (kind: string): Promise<string> => {
      const token = await b.token(kind === "for another server" ? C : A);
      const [header = "", claims = "", signature = ""] = token.split(".");
      if (kind === "expired") world.clock.ms += 400_000;
      if (kind === "forged") {
        const other = (await b.token(C)).split(".")[2] ?? "";
        return [header, claims, other].join(".");
      }
      if (kind === "not signed") {
        const none = Buffer.from(JSON.stringify({ alg: "none", typ: "JWT" })).toString("base64url");
        return `${none}.${claims}.`;
      }
      return kind === "no token" ? "x" : [header, claims, signature].join(".");
    };

    it.each(ENCODINGS.flatMap((encoding) => refused.map((one) => [one, encoding] as const)))(
      "that is %s is refused in %s by the same text as any other",
      async (kind, encoding) => {
        const handler = world.handlers.get(A);
        if (handler === undefined) throw new Error("no server");
        for (const path of Object.values(PATHS)) {
          const end = await callIn(handler, {
            encoding,
            path,
            message: new TextEncoder().encode(encoding === "json" ? "{}" : ""),
            token: await tokens(kind),
          });
          expect(end).toMatchObject({
            status: UNAUTHENTICATED,
            message: expect.stringMatching(
              /^the token is not accepted: compare its iss, sub and aud/,
            ),
          });
        }
        expect(a.thrown).toEqual([]);
      },
    );
  });

  it("an embargoed key does not go out until its window is closed", async () => {
    const client = await clientOf(b);
    const live = wireKey(1, { intervalNumber: NOW / 600 - 140 });
    const pushed = await client.push({ batchId: "1", keys: [live, wireKey(2)] }, signal);
    expect(pushed.ok && pushed.value.verdicts.map(({ verdict }) => verdict))
      .toEqual([Verdict.Kind.STORED, Verdict.Kind.STORED]);
    await insertExposures(a.database, [
      { key: keyBytes(3), created_at: NOW + HOUR, revised_at: NOW - HOUR },
      { key: keyBytes(4), created_at: NOW - HOUR },
    ]);
    expect(await fetchedBy(c)).toEqual(hexes(4));
    await world.setTime(NOW + HOUR + 120);
    expect(await fetchedBy(c)).toEqual(hexes(4, 2));
    // The live key ends within this window and shows in the next one. Key 3 comes as it was and as it became.
    await world.setTime(NOW + 2 * HOUR + 120);
    expect(await fetchedBy(c)).toEqual(hexes(4, 2, 1, 3, 3));
  });

  it("a key that crossed four servers ends there, on the way in and on the way out", async () => {
    const client = await clientOf(b);
    const keys = [3, 4, 5, 4_294_967_295].map((hops, at) => wireKey(at, { hops }));
    const pushed = await client.push({ batchId: "1", keys }, signal);
    expect(pushed.ok && pushed.value.verdicts).toMatchObject([
      { verdict: Verdict.Kind.STORED },
      { verdict: Verdict.Kind.REFUSED, reason: "hops: the key crossed too many servers" },
      { verdict: Verdict.Kind.REFUSED, reason: "hops: the key crossed too many servers" },
      { verdict: Verdict.Kind.REFUSED, reason: "hops: the key crossed too many servers" },
    ]);
    await insertExposures(
      a.database,
      [3, 4].map((hops) => ({
        key: keyBytes(10 + hops),
        created_at: NOW - HOUR,
        source: "import" as const,
        hops,
      })),
    );
    await world.setTime(NOW + HOUR + 120);
    // What came with three has crossed four by now.
    expect(await fetchedBy(c)).toEqual(hexes(13));
  });

  describe("a caller that has gone", () => {
    const gone = new AppError("deadline_exceeded");
    let controller: AbortController;
    let call: RpcCall;
    let peer: Peer;

    beforeEach(async () => {
      controller = new AbortController();
      call = {
        headers: new Headers(),
        signal: controller.signal,
        timeLeftMs: () => 20_000,
        requestId: "test",
        answerHeaders: new Headers(),
      };
      [peer] = a.agreements as [Peer];
      await insertExposures(
        a.database,
        [1, 2].map((day) => ({ key: keyBytes(day), created_at: NOW - day * 24 * HOUR })),
      );
    });
    const admission = () => ({
      onUnauthenticated: () => {},
      authenticate: () => Promise.resolve(refuse("unauthenticated")),
      rate: rateLimit(a.clockMs),
      maxPushKeysPerSecond: 1000,
      delay: pause,
    });

    it("has nothing more read for its Fetch", async () => {
      const read: string[] = [];
      const fetch = fetchHandler({
        ...a,
        ...admission(),
        feed: {
          read: async (stream, query) => {
            read.push(stream);
            const page = await a.feed.read(stream, query);
            controller.abort(gone);
            return page;
          },
        },
        cursors: await cursorCodec(NATIVE, new Uint8Array(32)),
        record: () => {},
      });
      const request = new FederationFetchRequest({ includeRegions: regions });
      await expect(fetch(request, call, peer)).rejects.toBe(gone);
      expect(read).toEqual(["new"]);
    });

    it("has no further day digested for its Describe", async () => {
      const store = federationDigests(databases[0]());
      let statements = 0;
      const answer = describeHandler({
        ...a,
        sent: sentDigests({
          digests: async (...of) => {
            statements += 1;
            const digests = await store.digests(...of);
            controller.abort(gone);
            return digests;
          },
        }),
        publicKeys: () => Promise.resolve("{}"),
        protocols: [],
        maxBodyBytes: 1,
        keptSeconds: KEPT_SECONDS,
      });
      const request = new DescribeRequest({ includeRegions: regions });
      await expect(answer(request, call, peer)).rejects.toBe(gone);
      expect(statements).toBe(1);
      // The peer may ask again.
      const again = { ...call, signal };
      expect(await answer(request, again, peer)).toMatchObject({ ok: true });
      expect(statements).toBeGreaterThan(10);
    });

    it("has nothing stored of its Push", async () => {
      controller.abort(gone);
      const push = pushHandler({ ...a, ...admission() });
      const request = PushRequest.fromObject({ batchId: "1", keys: [wireKey(9)] });
      await expect(push(request, call, peer)).rejects.toBe(gone);
      expect((await databases[0]().sql`select from exposure where source = 'peer'`).length).toBe(0);
    });
  });
});

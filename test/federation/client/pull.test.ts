import { beforeEach, describe, expect, it } from "vitest";
import type { PeerClient } from "../../../federation/client/peer-client.ts";
import { pullFrom } from "../../../federation/client/pull.ts";
import {
  ExposureKey,
  FederationFetchRequest,
  FederationFetchResponse,
} from "../../../proto/gen/federation.js";
import { asServerId } from "../../../src/model/ids.ts";
import { peerSchema } from "../../../src/model/resource/peer.ts";
import { accept, refuse } from "../../../src/errors.ts";
import { useDatabase } from "../../support/database.ts";
import { randomOf } from "../../support/random.ts";
import { keyBytes, NOW, peerOf, regionNames } from "../support.ts";
import { newWorld, type Server } from "../world.ts";

const HOUR = 3600;
const peer = peerOf({ accept: { regions: regionNames(1) }, pull: { pageSize: 10 } });
const INPUT = { kind: "Peer", name: "sla", serverId: "https://keys.sla.example" };
const never = new AbortController().signal;
const unused = () => Promise.reject(new Error("is not called"));

type Answer = FederationFetchResponse.$Properties;
type Fetch = (request: FederationFetchRequest.$Properties) => Answer | Promise<Answer>;

/** A peer that answers Fetch as told, over real messages. */
function clientOf(fetch: Fetch): PeerClient & { readonly asked: FederationFetchRequest[] } {
  const asked: FederationFetchRequest[] = [];
  return {
    asked,
    fetch: async (request) => {
      asked.push(
        FederationFetchRequest.decode(FederationFetchRequest.encode(request).finish()),
      );
      const answer = await fetch(request);
      return accept(
        FederationFetchResponse.decode(FederationFetchResponse.encode(answer).finish()),
      );
    },
    push: unused,
    describe: unused,
  };
}

const wire = (number: number): ExposureKey.$Properties => ({
  exposureKey: keyBytes(number),
  transmissionRisk: 2,
  intervalNumber: NOW / 600 - 300,
  intervalCount: 144,
  reportType: 1,
  traveler: true,
  regions: ["R0"],
});
const stateOf = (timestamp: number, nextToken = "") => ({
  keyCursor: { timestamp, nextToken },
  revisedKeyCursor: { timestamp: 0, nextToken: "" },
});
const numbers = (from: number, until: number) =>
  Array.from({ length: until - from }, (_, index) => wire(from + index));

describe("pullFrom()", () => {
  const database = useDatabase();
  let server: Server;

  beforeEach(async () => {
    await database().clear();
    server = await newWorld(NOW + 60).server(asServerId("https://us.example"), database());
  });

  const pull = (client: PeerClient, signal = never) => pullFrom(peer, client, server, signal);
  const stored = async () => {
    const [row] = await database().sql<{ count: number }[]>`select count(*) as count from exposure`;
    return row?.count;
  };

  it("asks for what the agreement takes, first without a state, then with both cursors", async () => {
    const client = clientOf(({ state }) =>
      state ? { nextFetchState: state } : {
        keys: [wire(1)],
        partialResponse: true,
        nextFetchState: stateOf(NOW, "x"),
      }
    );
    expect(await pull(client)).toMatchObject({ caughtUp: true, keys: 1, counts: { stored: 1 } });
    expect(client.asked.map(({ includeRegions, onlyTravelers, maxExposureKeys, state }) => ({
      includeRegions,
      onlyTravelers,
      maxExposureKeys,
      state: state
        ? FederationFetchRequest.toObject(FederationFetchRequest.fromObject({ state }))
        : null,
    }))).toEqual([
      { includeRegions: ["R0"], onlyTravelers: true, maxExposureKeys: 10, state: null },
      {
        includeRegions: ["R0"],
        onlyTravelers: true,
        maxExposureKeys: 10,
        state: {
          state: {
            keyCursor: { timestamp: NOW, nextToken: "x" },
            revisedKeyCursor: expect.anything(),
          },
        },
      },
    ]);
  });

  /** Like the deployed server: it takes an offset as token, and its own comes back empty. */
  const deployed = (inWindow: number, limit: number) =>
    clientOf(({ maxExposureKeys, state }) => {
      const { timestamp = 0, nextToken = "" } = state?.keyCursor ?? {};
      if (Number(timestamp) > NOW) return { nextFetchState: stateOf(NOW + 1) };
      const from = nextToken ? Number(atob(nextToken)) : 0;
      const until = Math.min(inWindow, from + Math.min(maxExposureKeys ?? limit, limit));
      const partialResponse = until < inWindow;
      const nextFetchState = stateOf(partialResponse ? NOW : NOW + 1);
      return { keys: numbers(from, until), partialResponse, nextFetchState };
    });

  it("asks a deployed reference server for no more keys than it gives", async () => {
    const client = clientOf(() => ({ nextFetchState: stateOf(NOW) }));
    const reference = peerSchema.parse({ ...INPUT, compatibility: "reference" });
    await pullFrom(reference, client, server, never);
    await pullFrom(
      { ...reference, pull: { ...reference.pull, pageSize: 30 } },
      client,
      server,
      never,
    );
    expect(client.asked.map(({ maxExposureKeys }) => maxExposureKeys)).toEqual([500, 30]);
  });

  it("goes on by offset in a window of which a deployed server sends a part at once", async () => {
    const client = deployed(1750, 500);
    const many = { ...peer, pull: { ...peer.pull, pageSize: 2000 } };
    expect(await pullFrom(many, client, server, never)).toMatchObject({ caughtUp: true });
    expect(await stored()).toBe(1750);
    expect(client.asked.map(({ state }) => state?.keyCursor?.nextToken))
      .toEqual([undefined, "", btoa("500"), btoa("1000"), btoa("1500")]);
  });

  it("goes on by offset after it was interrupted", async () => {
    const stop = new AbortController();
    const client = deployed(100, 500);
    const stopping: PeerClient = {
      ...client,
      fetch: (request, signal) => {
        if (client.asked.length === 4) stop.abort();
        return client.fetch(request, signal);
      },
    };
    expect(await pull(stopping, stop.signal)).toMatchObject({ caughtUp: false });
    expect(await pull(client)).toMatchObject({ caughtUp: true });
    expect(await stored()).toBe(100);
    expect(client.asked.length).toBeLessThan(15);
  });

  it("reports a peer that sends the same page whatever the offset, and keeps what it sent", async () => {
    const client = clientOf(() => ({
      keys: numbers(0, 5),
      partialResponse: true,
      nextFetchState: stateOf(NOW),
    }));
    expect(await pull(client)).toMatchObject({
      caughtUp: false,
      progressed: false,
      failure: { code: "fetch_failed", message: "the peer repeats a page for ever" },
    });
    expect(client.asked.length).toBeLessThan(6);
    expect(await stored()).toBe(5);
  });

  it("notices a peer that repeats its revised keys while its other timestamp creeps on", async () => {
    let calls = 0;
    const client = clientOf(() => ({
      revisedKeys: [wire(1)],
      partialResponse: ++calls < 100,
      nextFetchState: stateOf(NOW + calls),
    }));
    expect(await pull(client)).toMatchObject({
      caughtUp: false,
      failure: { code: "fetch_failed" },
    });
    expect(calls).toBeLessThan(10);
  });

  it("notices a peer that goes in circles", async () => {
    let calls = 0;
    const client = clientOf(() => ({
      keys: [wire(calls++ % 3)],
      partialResponse: true,
      nextFetchState: stateOf(NOW + calls % 3),
    }));
    expect(await pull(client)).toMatchObject({
      caughtUp: false,
      failure: { code: "fetch_failed" },
    });
    expect(calls).toBeLessThan(50);
  });

  it("notices a peer that has always more of nothing", async () => {
    let calls = 0;
    const client = clientOf(() => ({ partialResponse: true, nextFetchState: stateOf(++calls) }));
    expect(await pull(client)).toMatchObject({
      failure: { message: "the peer sends pages without keys for ever" },
    });
    expect(calls).toBe(1001);
  });

  it.each<[string, Answer, string]>([
    ["no state", { keys: [wire(1)] }, "the peer sent no state to go on from"],
    [
      "one cursor",
      { nextFetchState: { keyCursor: { timestamp: 1 } } },
      "the peer sent no state to go on from",
    ],
    [
      "a token without end",
      { nextFetchState: stateOf(1, "x".repeat(5000)), partialResponse: true },
      "the peer sent a state that is too large",
    ],
    [
      "a time beyond all numbers",
      { nextFetchState: stateOf(2 ** 60), partialResponse: true },
      "the peer sent a state that is too large",
    ],
    [
      "a token that no database keeps",
      { nextFetchState: stateOf(1, "a\0b") },
      "the peer sent a state that cannot be stored: a token of it has a zero byte",
    ],
    [
      "too many keys",
      { keys: numbers(0, 5001), nextFetchState: stateOf(1) },
      "the peer sent more than 5000 keys in a page",
    ],
  ])("refuses %s, and stores nothing of it", async (_, answer, message) => {
    expect(await pull(clientOf(() => answer))).toMatchObject({
      caughtUp: false,
      failure: { code: "fetch_failed", message },
    });
    expect(await stored()).toBe(0);
    expect(await server.places.place("sla", "pull")).toBeUndefined();
  });

  /** A peer whose answers must not hold more than so many keys, of 35. */
  const narrow = (most: number, refusal = refuse("limit_exceeded", "the answer is too large")) => {
    const inner = clientOf(({ state, maxExposureKeys }) => {
      const at = Number(state?.keyCursor?.nextToken || "0");
      const next = Math.min(35, at + (maxExposureKeys ?? 500));
      return {
        keys: numbers(at, next),
        partialResponse: next < 35,
        nextFetchState: stateOf(NOW, String(next)),
      };
    });
    const client: PeerClient = {
      ...inner,
      fetch: (request, signal) =>
        (request.maxExposureKeys ?? 500) > most
          ? (inner.asked.push(FederationFetchRequest.fromObject(request)), Promise.resolve(refusal))
          : inner.fetch(request, signal),
    };
    return { ...client, asked: inner.asked };
  };

  it.each([
    refuse("limit_exceeded", "the answer has more than 4194304 bytes"),
    refuse("resource_exhausted", "the peer answered resource_exhausted: larger than max"),
  ])("asks for half a page when a whole one is too large: $message", async (refusal) => {
    const client = narrow(3, refusal);
    expect(await pull(client)).toMatchObject({ caughtUp: true, counts: { stored: 35 } });
    expect(client.asked.slice(0, 4).map(({ maxExposureKeys }) => maxExposureKeys)).toEqual([
      10,
      5,
      3,
      3,
    ]);
  });

  it("gives up when a single key is too large, and halves nothing for who asks it to wait", async () => {
    const hopeless = narrow(0);
    expect(await pull(hopeless)).toMatchObject({ failure: { code: "limit_exceeded" }, pages: 0 });
    expect(hopeless.asked.map(({ maxExposureKeys }) => maxExposureKeys)).toEqual([10, 5, 3, 2, 1]);
    const slow = narrow(0, { ...refuse("resource_exhausted"), ...{ retryAfterMs: 1000 } });
    expect(await pull(slow)).toMatchObject({ failure: { retryAfterMs: 1000 } });
    expect(slow.asked).toHaveLength(1);
  });

  it("ends with a peer that repeats small pages and whose large ones are too large", async () => {
    let calls = 0;
    const client: PeerClient = {
      ...clientOf(() => ({ keys: [wire(1)], partialResponse: true, nextFetchState: stateOf(NOW) })),
    };
    const result = await pull({
      ...client,
      fetch: (request, signal) =>
        ++calls > 100 || (request.maxExposureKeys ?? 0) > 10
          ? Promise.resolve(refuse("limit_exceeded", "the answer is too large"))
          : client.fetch(request, signal),
    });
    expect(result).toMatchObject({ failure: { code: "fetch_failed" } });
    expect(calls).toBeLessThan(20);
  });

  it("keeps digests of days that can be compared, whatever days a peer makes up", async () => {
    const today = Math.floor(NOW / 86_400);
    const days = [...Array.from({ length: 3000 }, (_, day) => day * 100), today - 21, today - 20];
    const keys = [...days, today + 1, today + 2].map((day, index) => ({
      ...wire(index),
      intervalNumber: day * 144,
    }));
    await pull(clientOf(() => ({ keys, nextFetchState: stateOf(NOW) })));
    expect((await server.pulledDigests("sla")).map(({ day }) => day)).toEqual([
      today - 20,
      today + 1,
    ]);
  });

  it("has two pages in memory at most, one on the way and one that is stored", async () => {
    let [asked, kept, most] = [0, 0, 0];
    const client = clientOf(() => {
      asked += 1;
      most = Math.max(most, asked - kept);
      return {
        keys: numbers(asked * 10, asked * 10 + 10),
        partialResponse: asked < 50,
        nextFetchState: stateOf(NOW, String(asked)),
      };
    });
    const counting: Server = {
      ...server,
      inbound: {
        transaction: async (work) => {
          const done = await server.inbound.transaction(work);
          kept += 1;
          return done;
        },
      },
    };
    expect(await pullFrom(peer, client, counting, never)).toMatchObject({ keys: 500 });
    expect(most).toBe(2);
  });

  it("begins anew when it accepts other keys", async () => {
    const clinical = { ...wire(1), reportType: 2 };
    const client = clientOf(({ state }) => ({
      keys: state ? [] : [clinical],
      nextFetchState: stateOf(NOW, "end"),
    }));
    expect(await pull(client)).toMatchObject({ counts: { clinical: 1 } });
    expect(await pull(client)).toMatchObject({ keys: 0 });
    const kinder = peerOf({ ...peer, accept: { ...peer.accept, acceptClinical: true } });
    expect(await pullFrom(kinder, client, server, never)).toMatchObject({ counts: { stored: 1 } });
  });

  it("ends when it is told to while a peer does not answer", async () => {
    const stop = new AbortController();
    const client: PeerClient = {
      fetch: (_, signal) =>
        new Promise((resolve) => {
          signal.addEventListener("abort", () => resolve(refuse("canceled")));
          stop.abort();
        }),
      push: unused,
      describe: unused,
    };
    const result = await pull(client, stop.signal);
    expect(result).toMatchObject({ caughtUp: false, pages: 0 });
    expect(result).not.toHaveProperty("failure");
  });

  it("passes on why the peer refuses", async () => {
    const client: PeerClient = {
      fetch: () => Promise.resolve({ ...refuse("resource_exhausted", "slow"), retryAfterMs: 3000 }),
      push: unused,
      describe: unused,
    };
    expect((await pull(client)).failure).toEqual({
      ok: false,
      code: "resource_exhausted",
      message: "slow",
      retryAfterMs: 3000,
    });
  });

  it("loses and doubles nothing, wherever it crashes", async () => {
    const total = 60;
    const feed = clientOf(({ state }) => {
      const at = Number(state?.keyCursor?.nextToken || "0");
      const next = Math.min(total, at + 10);
      return {
        keys: numbers(at, next),
        partialResponse: next < total,
        nextFetchState: stateOf(NOW, String(next)),
      };
    });
    const random = randomOf(12345);
    for (let round = 0; round < Number(process.env["FUZZ_RUNS"] ?? 12); round++) {
      await database().clear();
      let crashes = 0;
      const crashing = {
        ...server,
        inbound: {
          transaction: async <T>(work: Parameters<typeof server.inbound.transaction<T>>[0]) => {
            if (random() < 0.2) throw new Error("crash before");
            const done = await server.inbound.transaction<T>(async (transaction) => {
              if (random() < 0.1) throw new Error("crash within");
              const value = await work(transaction);
              if (random() < 0.1) throw new Error("crash at the end");
              return value;
            });
            if (random() < 0.2) throw new Error("crash after");
            return done;
          },
        },
      };
      for (let tries = 0; tries < 1000; tries++) {
        try {
          if ((await pullFrom(peer, feed, crashing, never)).caughtUp) break;
        } catch {
          crashes += 1;
        }
      }
      expect(crashes).toBeGreaterThan(0);
      expect(await stored()).toBe(total);
      const [sum] = await server.pulledDigests("sla");
      expect(sum?.count).toBe(total);
      const counted = (await server.pages.last("sla", 100)).map(({ verdicts }) => verdicts);
      expect(counted).toEqual(Array.from({ length: 6 }, () => ({ stored: 10 })));
    }
  });

  it("does not go on when another process went on with the peer", async () => {
    const client = clientOf(async ({ state }) => {
      if (state) return { nextFetchState: stateOf(NOW + HOUR, "b") };
      await pullFrom(
        peer,
        clientOf(() => ({ keys: [wire(5)], nextFetchState: stateOf(NOW, "z") })),
        server,
        never,
      );
      return { keys: [wire(1)], partialResponse: true, nextFetchState: stateOf(NOW, "a") };
    });
    await expect(pull(client)).rejects.toMatchObject({ code: "version_conflict" });
    expect(await stored()).toBe(1);
  });
});

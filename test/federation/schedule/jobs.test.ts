import { beforeEach, describe, expect, it } from "vitest";
import type { OpenClient, PeerClient } from "../../../federation/client/peer-client.ts";
import { pullJob } from "../../../federation/schedule/jobs.ts";
import { tidyFederation } from "../../../federation/schedule/tidy.ts";
import { FederationFetchResponse } from "../../../proto/gen/federation.js";
import { accept, AppError, refuse } from "../../../src/errors.ts";
import { asServerId } from "../../../src/model/ids.ts";
import { seenTokens } from "../../../src/store/federation/seen-token.ts";
import { useDatabase } from "../../support/database.ts";
import { keyBytes, NOW, peerOf, regionNames } from "../support.ts";
import { newWorld, type Server, type World } from "../world.ts";

const peerNamed = (name: string) =>
  peerOf({
    name,
    serverId: asServerId(`https://${name}.example`),
    accept: { regions: regionNames(1) },
    pull: { enabled: true },
  });
const wireKey = (number: number) => ({
  exposureKey: keyBytes(number),
  intervalNumber: Math.floor(NOW / 600) - 300,
  intervalCount: 144,
  reportType: 1,
  traveler: true,
  regions: ["R0"],
});
const nothing = new FederationFetchResponse({
  nextFetchState: { keyCursor: { timestamp: NOW }, revisedKeyCursor: { timestamp: NOW } },
});

describe("pullJob()", () => {
  const database = useDatabase();
  let world: World;
  let server: Server;

  beforeEach(async () => {
    await database().clear();
    world = newWorld(NOW + 60);
    server = await world.server(asServerId("https://us.example"), database());
  });

  /** Peers that answer Fetch as told, by name. */
  const with_ = (answers: Record<string, PeerClient["fetch"]>): Server => {
    const openClient: OpenClient = ({ name }) =>
      Promise.resolve({
        protocol: "connect",
        client: {
          fetch: answers[name] ?? (() => Promise.resolve(accept(nothing))),
          push: () => Promise.reject(new Error("is not called")),
          describe: () => Promise.resolve(refuse("unimplemented")),
        },
      });
    server.agreements.push(...Object.keys(answers).map(peerNamed));
    return { ...server, openClient };
  };
  const statesOf = async () =>
    Object.fromEntries((await server.statuses()).statuses.map(({ peer, state }) => [peer, state]));

  it("does not let a peer that never answers delay the others", async () => {
    const stop = new AbortController();
    let fast = 0;
    const deps = with_({
      slow: (_, signal) =>
        new Promise((resolve) =>
          signal.addEventListener("abort", () => resolve(refuse("canceled")))
        ),
      fast: () => {
        fast += 1;
        if (fast === 3) stop.abort();
        // Due again at once.
        return Promise.resolve(accept(nothing));
      },
    });
    server.agreements[1] = peerOf({
      ...peerNamed("fast"),
      pull: { enabled: true, interval: "1s" },
    });
    const run = pullJob({
      ...deps,
      notes: {
        ...deps.notes,
        note: (peer, direction, outcome) =>
          deps.notes.note(peer, direction, { ...outcome, nextTryInSeconds: 0 }),
      },
    }).run(stop.signal);
    await run;
    expect(fast).toBeGreaterThanOrEqual(3);
    expect(await statesOf()).toMatchObject({ slow: "behind" });
  });

  it("goes on with the others when one throws, and says so", async () => {
    const deps = with_({
      bad: () => Promise.reject(new AppError("key_unavailable", "no key")),
      good: () => Promise.resolve(accept(nothing)),
    });
    expect(await pullJob(deps).run(new AbortController().signal)).toEqual({ failed: 1 });
    expect(await statesOf()).toEqual({ bad: "failing", good: "ok" });
    expect(server.thrown).toMatchObject([{ code: "key_unavailable" }]);
  });

  it("leaves a peer to the process that works with it", async () => {
    let calls = 0;
    const deps = with_({
      one: () => {
        calls += 1;
        return Promise.resolve(accept(nothing));
      },
    });
    const held = await server.hold("pull:one");
    expect(await pullJob(deps).run(new AbortController().signal)).toEqual({});
    expect(calls).toBe(0);
    await held?.release();
    await pullJob(deps).run(new AbortController().signal);
    expect(calls).toBe(1);
  });

  it("lets two processes run at once and calls each peer once", async () => {
    let calls = 0;
    const count = () => {
      calls += 1;
      return Promise.resolve(accept(nothing));
    };
    const deps = with_(Object.fromEntries(Array.from({ length: 8 }, (_, at) => [`p${at}`, count])));
    const { signal } = new AbortController();
    await Promise.all([pullJob(deps).run(signal), pullJob(deps).run(signal)]);
    expect(calls).toBe(8);
    expect(server.thrown).toEqual([]);
  });

  it("begins again by itself when the peer no longer knows its state", async () => {
    let lost = false;
    const states: boolean[] = [];
    const deps = with_({
      one: ({ state }) => {
        states.push(state !== undefined);
        return Promise.resolve(
          lost && state ? refuse("invalid_argument", "who are you") : accept(nothing),
        );
      },
    });
    const { signal } = new AbortController();
    await pullJob(deps).run(signal);
    lost = true;
    await world.setTime(NOW + 60 + 300);
    await pullJob(deps).run(signal);
    expect(await statesOf()).toEqual({ one: "failing" });
    await world.setTime(NOW + 60 + 600);
    await pullJob(deps).run(signal);
    expect(await statesOf()).toEqual({ one: "ok" });
    expect(states).toEqual([false, true, false]);
  });

  it("counts failures in a row anew when it came further before it failed", async () => {
    let calls = 0;
    const statusAfter = async (tries: number, answer: () => PeerClient["fetch"]) => {
      await database().clear();
      server.agreements.length = 0;
      const deps = with_({ one: (...call) => answer()(...call) });
      for (let at = 1; at <= tries; at++) {
        await world.setTime(NOW + 1000 * at);
        await pullJob(deps).run(new AbortController().signal);
      }
      return (await server.statuses()).statuses[0];
    };
    const page = (name: string) =>
      new FederationFetchResponse({
        keys: [wireKey(++calls)],
        partialResponse: true,
        nextFetchState: {
          keyCursor: { timestamp: NOW, nextToken: name },
          revisedKeyCursor: { timestamp: NOW, nextToken: "" },
        },
      });
    // The line breaks after each page.
    let up = false;
    const flaky: PeerClient["fetch"] = () => {
      up = !up;
      return Promise.resolve(up ? accept(page(String(calls))) : refuse("fetch_failed"));
    };
    expect(await statusAfter(5, () => flaky)).toMatchObject({
      state: "failing",
      failures: 1,
      nextTryAt: NOW + 5000 + 2,
    });
    // A page, and then nothing more that it has not sent before, or knows.
    const repeats: PeerClient["fetch"] = () => Promise.resolve(accept(page("same")));
    expect(await statusAfter(3, () => repeats)).toMatchObject({ state: "failing", failures: 3 });
    const forgets: PeerClient["fetch"] = ({ state }) =>
      Promise.resolve(state ? refuse("invalid_argument") : accept(page("any")));
    expect(await statusAfter(3, () => forgets)).toMatchObject({ state: "failing", failures: 3 });
  });

  it("keeps no more than 1 KiB of what a peer says", async () => {
    const deps = with_({ one: () => Promise.resolve(refuse("fetch_failed", "x".repeat(100_000))) });
    await pullJob(deps).run(new AbortController().signal);
    const { statuses } = await server.statuses();
    expect(statuses[0]?.error).toHaveLength(1024);
  });
});

describe("tidyFederation()", () => {
  const database = useDatabase();

  it("forgets old pages, expired tokens and former peers", async () => {
    const world = newWorld(NOW);
    const server = await world.server(asServerId("https://us.example"), database());
    const tokens = seenTokens(database());
    const page = { kind: "pull", keys: 1, revised: 0, verdicts: {}, tookMs: 1 } as const;
    for (const peer of ["kept", "gone"]) {
      await server.pages.add({ peer, ...page });
      await server.notes.note(peer, "pull", { state: "ok", nextTryInSeconds: 1 });
    }
    await tokens.firstUse("i", "1", NOW + 10);
    const today = Math.floor(NOW / 86_400);
    await server.inbound.transaction((transaction) =>
      transaction.addDigests(
        "kept",
        [today - 20, today - 21, 0].map((day) => ({ day, count: 1, digest: new Uint8Array(32) })),
        [],
      )
    );
    server.agreements.push(peerNamed("kept"));
    const tidy = () =>
      tidyFederation({ ...server, seenTokens: tokens, clockMs: () => world.clock.ms });
    expect(await tidy()).toEqual({
      peerPages: 0,
      seenTokens: 0,
      peerDigests: 2,
      formerPeers: 1,
    });
    expect((await server.pulledDigests("kept")).map(({ day }) => day)).toEqual([today - 20]);
    await world.setTime(NOW + 31 * 86_400);
    expect(await tidy()).toEqual({
      peerPages: 2,
      seenTokens: 1,
      peerDigests: 1,
      formerPeers: 0,
    });
  });
});

import { beforeEach, describe, expect, it } from "vitest";
import type { OpenClient, PeerClient } from "../../../federation/client/peer-client.ts";
import { pullJob, pushJob } from "../../../federation/schedule/jobs.ts";
import type { HeldLease } from "../../../federation/schedule/peer-run.ts";
import { runPeer, syncNow } from "../../../federation/schedule/peer-run.ts";
import { FederationFetchResponse, wayfarer } from "../../../proto/gen/federation.js";
import { accept, AppError, refuse } from "../../../src/errors.ts";
import { asServerId } from "../../../src/model/ids.ts";
import type { Peer } from "../../../src/model/resource/peer.ts";
import { useDatabase } from "../../support/database.ts";
import { insertExposures } from "../../support/exposure-rows.ts";
import { keyBytes, NOW, peerOf, regionNames } from "../support.ts";
import { newWorld, type Server, type World } from "../world.ts";

const { PushResponse, Verdict } = wayfarer.federation.v1;
const agreement = (more: Partial<Peer> = {}): Peer =>
  peerOf({
    name: "sla",
    send: { regions: regionNames(1) },
    accept: { regions: regionNames(1) },
    pull: { enabled: true },
    push: { enabled: true, pageSize: 10 },
    ...more,
  });
const { signal } = new AbortController();

describe("work with one peer", () => {
  const database = useDatabase();
  let world: World;
  let server: Server;
  let fetched: number;
  let pushed: number;
  /** Runs before a call is answered. */
  let meanwhile: () => void;

  const client: PeerClient = {
    fetch: () => {
      fetched += 1;
      meanwhile();
      return Promise.resolve(accept(
        new FederationFetchResponse({
          keys: [{
            exposureKey: keyBytes(1000 + fetched),
            intervalNumber: NOW / 600 - 300,
            intervalCount: 144,
            reportType: 1,
            traveler: true,
            regions: ["R0"],
          }],
          partialResponse: fetched < 4,
          nextFetchState: {
            keyCursor: { timestamp: NOW, nextToken: String(fetched) },
            revisedKeyCursor: { timestamp: NOW },
          },
        }),
      ));
    },
    push: ({ keys }) => {
      pushed += 1;
      meanwhile();
      return Promise.resolve(accept(
        new PushResponse({ verdicts: keys?.map(() => ({ verdict: Verdict.Kind.STORED })) ?? [] }),
      ));
    },
    describe: () => Promise.resolve(refuse("unimplemented")),
  };
  const openClient: OpenClient = () => Promise.resolve({ protocol: "connect", client });

  beforeEach(async () => {
    await database().clear();
    world = newWorld(NOW + 60);
    server = { ...await world.server(asServerId("https://us.example"), database()), openClient };
    server.agreements.push(agreement());
    [fetched, pushed, meanwhile] = [0, 0, () => {}];
    await insertExposures(
      database(),
      Array.from({ length: 35 }, (_, index) => ({ key: keyBytes(index), created_at: NOW - 3600 })),
    );
  });
  const received = async () => {
    const rows = await database().sql`select 1 from exposure where source = 'peer'`;
    return rows.length;
  };

  const changes: readonly [string, () => void][] = [
    ["is revoked", () => server.agreements.splice(0)],
    ["expires", () => world.clock.ms += 60_000],
    [
      "is switched off",
      () => server.agreements[0] = agreement({ push: { ...agreement().push, enabled: false } }),
    ],
    [
      "allows less",
      () =>
        server.agreements[0] = agreement({
          send: { ...agreement().send, excludeRegions: regionNames(1, "X") },
        }),
    ],
  ];
  for (const [what, change] of changes) {
    it(`ends with the call during which the agreement ${what}`, async () => {
      server.agreements[0] = agreement({ thru: new Date((NOW + 90) * 1000).toISOString() });
      meanwhile = change;
      await runPeer("push", "sla", server, "now", signal);
      expect(pushed).toBe(1);
      // The place stays, since what was sent may not have been meant for it.
      expect(await server.places.place("sla", "push")).toBeUndefined();
      world.clock.ms = (NOW + 60) * 1000;
      server.agreements[0] = agreement({ thru: new Date((NOW + 90) * 1000).toISOString() });
      await runPeer("pull", "sla", server, "now", signal);
      expect(fetched).toBe(1);
      expect(await received()).toBe(0);
      expect(server.thrown).toEqual([]);
    });
  }

  it("goes on when another resource changes", async () => {
    meanwhile = () => server.agreements[0] = agreement();
    await runPeer("push", "sla", server, "now", signal);
    expect(pushed).toBe(4);
  });

  it("does not write over what the next holder of the lease noted", async () => {
    const lost = new AbortController();
    const lease: HeldLease = { lost: lost.signal, release: () => Promise.resolve() };
    const next = { state: "ok", nextTryInSeconds: 77 } as const;
    meanwhile = () => lost.abort(new AppError("canceled"));
    for (const direction of ["pull", "push"] as const) {
      await server.notes.note("sla", direction, next);
      await runPeer(
        direction,
        "sla",
        { ...server, hold: () => Promise.resolve(lease) },
        "now",
        signal,
      );
    }
    const { statuses } = await server.statuses();
    expect(statuses.map(({ state, nextTryAt }) => [state, nextTryAt])).toEqual([
      ["ok", NOW + 137],
      ["ok", NOW + 137],
    ]);
    expect([fetched, pushed]).toEqual([1, 0]);
  });

  it("by hand: does not wait for its turn, and keeps to the agreement", async () => {
    await server.notes.note("sla", "pull", { state: "ok", nextTryInSeconds: 900 });
    expect(await syncNow(server, "sla", signal)).toEqual([
      { direction: "pull", counts: { keys: 4, stored: 4 } },
      { direction: "push", counts: { keys: 35, stored: 35 } },
    ]);
    server.agreements[0] = agreement({ thru: "2020-01-01T00:00:00Z" });
    expect(await syncNow(server, "sla", signal)).toEqual([]);
    expect(await syncNow(server, "unheard-of", signal)).toEqual([]);
    expect([fetched, pushed]).toEqual([4, 4]);
  });

  it("by hand: tells that it failed, and notes what was thrown", async () => {
    const held = await server.hold("push:sla");
    const broken: Server = {
      ...server,
      openClient: () => Promise.reject(new AppError("key_unavailable", "no key")),
    };
    expect(await syncNow(broken, "sla", signal)).toEqual([
      { direction: "pull", counts: { failed: 1 }, error: "key_unavailable: no key" },
      { direction: "push", counts: {}, error: "a server is at it right now" },
    ]);
    await held?.release();
    expect((await server.statuses()).statuses).toMatchObject([
      { direction: "pull", state: "failing", failures: 1, error: "key_unavailable: no key" },
    ]);
  });

  it("the jobs work with every peer when they are run by hand, and once", async () => {
    for (const direction of ["pull", "push"] as const) {
      await server.notes.note("sla", direction, {
        state: "failing",
        nextTryInSeconds: 900,
        error: "x",
      });
    }
    expect(await pullJob(server).run(signal)).toEqual({});
    expect(await pushJob(server).run(signal)).toEqual({});
    expect(await pullJob(server).runNow(signal)).toEqual({ keys: 4, stored: 4 });
    expect(await pushJob(server).runNow(signal)).toEqual({ keys: 35, stored: 35 });
    expect([fetched, pushed]).toEqual([4, 4]);
  });
});

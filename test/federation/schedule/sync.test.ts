import { beforeEach, describe, expect, it } from "vitest";
import type { OpenClient, PeerClient } from "../../../federation/client/peer-client.ts";
import { pullJob, pushJob } from "../../../federation/schedule/jobs.ts";
import { outcomeOf } from "../../../federation/schedule/outcome.ts";
import { compareDigests } from "../../../federation/client/reconcile.ts";
import { peerStatuses } from "../../../federation/schedule/status.ts";
import { FederationFetchResponse, wayfarer } from "../../../proto/gen/federation.js";
import { accept, refuse } from "../../../src/errors.ts";
import { asRegion, asServerId } from "../../../src/model/ids.ts";
import { useDatabase } from "../../support/database.ts";
import { insertExposures } from "../../support/exposure-rows.ts";
import { keyBytes, NOW, peerOf, regionNames } from "../support.ts";
import { newWorld, type Server, type World } from "../world.ts";

const { DescribeResponse, PushResponse } = wayfarer.federation.v1;
const HOUR = 3600;
const US = asServerId("https://us.example");
const THEM = asServerId("https://them.example");
const all = { regions: regionNames(1) };
const { signal } = new AbortController();

describe("how a direction stands", () => {
  const databases = [useDatabase(), useDatabase()] as const;
  let world: World;
  let us: Server;
  let them: Server;

  beforeEach(async () => {
    await Promise.all(databases.map((database) => database().clear()));
    world = newWorld(NOW + 60);
    us = await world.server(US, databases[0]());
    them = await world.server(THEM, databases[1]());
  });
  const status = async (direction: "pull" | "push") => (await peerStatuses(us))[0]?.[direction];
  const fill = (server: Server, count: number, at: number) =>
    insertExposures(
      server.database,
      Array.from({ length: count }, (_, index) => ({ key: keyBytes(index), created_at: at })),
    );
  /** We, with a peer that answers so. */
  const withClient = (client: Partial<PeerClient>): Server => {
    const unused = () => Promise.resolve(refuse("unimplemented"));
    const whole = { fetch: unused, push: unused, describe: unused, ...client };
    const openClient: OpenClient = () => Promise.resolve({ protocol: "connect", client: whole });
    return { ...us, openClient };
  };

  it("push: tells how many keys are left, of both streams, when it ends early", async () => {
    await fill(us, 30, NOW - HOUR);
    await insertExposures(us.database, [{
      key: keyBytes(99),
      created_at: NOW - 5 * HOUR,
      report_type: "likely",
      revised_at: NOW - HOUR,
      revised_report_type: "confirmed",
    }, { key: keyBytes(98), created_at: NOW - HOUR, traveler: false }]);
    us.agreements.push(
      peerOf({ name: "b", serverId: THEM, send: all, push: { enabled: true, pageSize: 10 } }),
    );
    let calls = 0;
    const deps = withClient({
      push: ({ keys }) =>
        Promise.resolve(
          ++calls > 2
            ? refuse("unavailable", "gone")
            : accept(new PushResponse({ verdicts: keys?.map(() => ({ verdict: 1 })) ?? [] })),
        ),
    });
    await pushJob(deps).run(signal);
    // 31 new ones without 20, and a revision; revisions have not begun.
    expect(await status("push")).toMatchObject({ state: "failing", lagKeys: 12 });
    expect(await status("push")).not.toHaveProperty("lagSeconds");
  });

  it("push: is as far behind as the stream that is further behind", async () => {
    await fill(us, 1, NOW - HOUR);
    us.agreements.push(peerOf({ name: "b", serverId: THEM, send: all, push: { enabled: true } }));
    let down = false;
    const deps = withClient({
      push: ({ keys, revisedKeys }) =>
        Promise.resolve(
          down && (revisedKeys?.length ?? 0) > 0
            ? refuse("unavailable", "gone")
            : accept(new PushResponse({ verdicts: keys?.map(() => ({ verdict: 1 })) ?? [] })),
        ),
    });
    await pushJob(deps).run(signal);
    await us.database.sql`
      update exposure set revised_at = ${NOW}, revised_report_type = 'confirmed'`;
    down = true;
    await world.setTime(NOW + 5 * HOUR + 60);
    await pushJob(deps).run(signal);
    expect(await status("push")).toMatchObject({ lagKeys: 1, lagSeconds: 5 * HOUR + 60 });
  });

  it("pull: asks how many keys are left, and counts them down", async () => {
    await fill(them, 100, NOW - HOUR);
    them.agreements.push(peerOf({ name: "us", serverId: US, send: all }));
    us.agreements.push(
      peerOf({ name: "b", serverId: THEM, accept: all, pull: { enabled: true, pageSize: 40 } }),
    );
    const left: unknown[] = [];
    const onePage: OpenClient = async (...opened) => {
      const { protocol, client } = await us.openClient(...opened);
      let pages = 0;
      const slow = { ...refuse("resource_exhausted", "slow down"), retryAfterMs: 2000 };
      const fetch: PeerClient["fetch"] = (...call) =>
        pages++ === 0 ? client.fetch(...call) : Promise.resolve(slow);
      return { protocol, client: { ...client, fetch } };
    };
    for (let seconds = 60; left.length < 3; seconds += 10) {
      await world.setTime(NOW + seconds);
      await pullJob({ ...us, openClient: onePage }).run(signal);
      left.push((await status("pull"))?.lagKeys);
    }
    expect(left).toEqual([60, 20, 0]);
    expect(await status("pull")).toMatchObject({ state: "ok", inSyncSince: NOW + 80 });
  });

  it("pull: believes no peer that is ahead of time, and does not call it in sync when it fails", async () => {
    us.agreements.push(peerOf({ name: "b", serverId: THEM, accept: all, pull: { enabled: true } }));
    let timestamp: number = NOW;
    const client: Partial<PeerClient> = {
      fetch: () =>
        Promise.resolve(
          timestamp === 0 ? refuse("unavailable", "gone") : accept(
            new FederationFetchResponse({
              nextFetchState: { keyCursor: { timestamp }, revisedKeyCursor: { timestamp } },
            }),
          ),
        ),
      describe: () => Promise.resolve(accept(new DescribeResponse({ closedThrough: timestamp }))),
    };
    const deps = withClient(client);
    await pullJob(deps).run(signal);
    expect(await status("pull")).toMatchObject({ lagSeconds: 0, inSyncSince: NOW + 60 });
    timestamp = NOW + 10 * HOUR;
    await pullJob(deps).runNow(signal);
    expect(await status("pull")).not.toHaveProperty("lagSeconds");
    timestamp = 0;
    await pullJob(deps).runNow(signal);
    expect(await status("pull")).toMatchObject({ state: "failing" });
    expect(await status("pull")).not.toHaveProperty("inSyncSince");
    timestamp = NOW;
    await pullJob(deps).runNow(signal);
    expect(await status("pull")).toMatchObject({ state: "ok", inSyncSince: NOW + 60 });
  });

  it("pull: a state that was forgotten does not count as a repair", async () => {
    us.agreements.push(peerOf({ name: "b", serverId: THEM, accept: all, pull: { enabled: true } }));
    let forgets = false;
    const deps = withClient({
      fetch: ({ state }) =>
        Promise.resolve(
          forgets && state ? refuse("invalid_argument", "who?") : accept(
            new FederationFetchResponse({
              nextFetchState: {
                keyCursor: { timestamp: NOW },
                revisedKeyCursor: { timestamp: NOW },
              },
            }),
          ),
        ),
    });
    await pullJob(deps).run(signal);
    forgets = true;
    await pullJob(deps).runNow(signal);
    expect(await status("pull")).toMatchObject({ state: "failing" });
    expect(await status("pull")).not.toHaveProperty("repairedAt");
    await pullJob(deps).runNow(signal);
    expect(await status("pull")).toMatchObject({ state: "ok" });
  });

  it("says on both sides why nothing can come: nobody names a region, or none is common", async () => {
    const both = async () => {
      await pullJob(us).runNow(signal);
      for (const page of them.recorded.splice(0)) await them.pages.add(page);
      const [[ours], [theirs]] = [await peerStatuses(us), await peerStatuses(them)];
      return { ours: ours?.nothing, theirs: theirs?.nothing, state: ours?.pull?.state };
    };
    const agree = (accept: string[], send: string[]) => {
      const region = (names: string[]) => ({ regions: names.map(asRegion) });
      us.agreements[0] = peerOf({
        name: "them",
        serverId: THEM,
        accept: region(accept),
        pull: { enabled: true },
      });
      them.agreements[0] = peerOf({ name: "us", serverId: US, send: region(send) });
    };
    await fill(them, 3, NOW - HOUR);
    agree([], ["R0"]);
    expect(await both()).toEqual({
      state: "ok",
      ours: { pull: "accept.regions is empty: nothing is asked for" },
      theirs: { fetched: "it asks for no region: set accept.regions there" },
    });
    await world.setTime(NOW + 60 + HOUR);
    const given = "it gives none of the regions in accept.regions: compare its send.regions";
    agree(["R7"], ["R0"]);
    expect(await both()).toEqual({
      state: "ok",
      ours: { pull: given },
      theirs: { fetched: "it asks for none of the regions in send.regions" },
    });
    await world.setTime(NOW + 60 + 2 * HOUR);
    agree(["R0"], []);
    expect(await both()).toEqual({
      state: "ok",
      ours: { pull: given },
      theirs: { fetched: "send.regions is empty, or all of it excluded: nothing goes to it" },
    });
    await world.setTime(NOW + 60 + 3 * HOUR);
    agree(["R0"], ["R0"]);
    expect(await both()).toEqual({ state: "ok", ours: {}, theirs: {} });
    expect((await peerStatuses(us))[0]?.lastPages).toHaveLength(1);
  });

  it("compares from the day that the peer names, and from all days when it names none", async () => {
    const peer = peerOf({ accept: all });
    const today = Math.floor(NOW / 86_400);
    const digest = new Uint8Array(32);
    const compare = async (digestsFromDay: number, pulledOn: number) => {
      const { client } = await withClient({
        describe: () =>
          Promise.resolve(accept(new DescribeResponse({ closedThrough: NOW, digestsFromDay }))),
      }).openClient(peer, signal);
      const cursor = { timestamp: NOW, nextToken: "" };
      const pulled = [{ day: pulledOn, count: 3, digest }];
      const cursors = { keys: cursor, revised: cursor };
      return await compareDigests(peer, client, pulled, cursors, NOW, signal);
    };
    // Its keys of that day are gone already, ours are not.
    expect(await compare(today - 8, today - 9)).toMatchObject({ kind: "same" });
    expect(await compare(today - 8, today - 8)).toMatchObject({ kind: "different" });
    expect(await compare(0, today - 9)).toMatchObject({ kind: "different" });
    expect(await compare(0, today - 12)).toMatchObject({ kind: "same" });
  });
});

describe("outcomeOf()", () => {
  const asked = (retryAfterMs?: number) => ({
    ...refuse("resource_exhausted", "slow down"),
    ...(retryAfterMs === undefined ? {} : { retryAfterMs }),
  });
  const tryAgain = (failures: number, progressed: boolean, retryAfterMs?: number) =>
    outcomeOf({ caughtUp: false, progressed, failure: asked(retryAfterMs) }, "5m", { failures }, 0);

  it("waits as long as the peer asks for, and longer each time that brings nothing", () => {
    expect(tryAgain(0, true, 3000)).toMatchObject({ state: "behind", nextTryInSeconds: 3 });
    expect(tryAgain(5, true, 0)).toMatchObject({ state: "behind", nextTryInSeconds: 1 });
    expect([0, 1, 2, 5, 20].map((failures) => tryAgain(failures, false, 0).nextTryInSeconds))
      .toEqual([1, 2, 4, 32, 450]);
    expect(tryAgain(1, false, 60_000)).toMatchObject({ state: "behind", nextTryInSeconds: 60 });
    expect(tryAgain(1, false)).toMatchObject({ state: "failing", nextTryInSeconds: 2 });
    expect(tryAgain(0, false, 10_000_000)).toMatchObject({ nextTryInSeconds: 900 });
  });
});

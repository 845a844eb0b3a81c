import { writeFile } from "node:fs/promises";
import { beforeEach, describe, expect, it } from "vitest";
import { pullJob, pushJob } from "../../federation/schedule/jobs.ts";
import { peerStatuses } from "../../federation/schedule/status.ts";
import { asRegion, asServerId, type ServerId } from "../../src/model/ids.ts";
import type { Peer } from "../../src/model/resource/peer.ts";
import { useDatabase } from "../support/database.ts";
import { type ExposureRow, insertExposures } from "../support/exposure-rows.ts";
import { keyBytes, NOW, peerOf, regionNames } from "./support.ts";
import { openIdProvider } from "./auth/token-server.ts";
import { temporaryFolder } from "../support/program.ts";
import { newWorld, type Server, type World } from "./world.ts";

const HOUR = 3600;
const A = asServerId("https://a.example");
const B = asServerId("https://b.example");
const C = asServerId("https://c.example");
const signal = new AbortController().signal;

type Block = Parameters<typeof peerOf>[0];
const peerNamed = (name: string, serverId: ServerId, more: Block = {}): Peer =>
  peerOf({ name, serverId, ...more });
const all = { regions: regionNames(2) };
const both = { send: all, accept: all };

/** Everything about a key that crosses, in the order of the keys. */
async function keysOf({ database }: Server) {
  return await database.sql<Record<string, unknown>[]>`
    select encode(key, 'hex') as hex, interval_number, interval_count, transmission_risk,
           report_type, days_since_onset, regions, traveler, revised_report_type,
           revised_transmission_risk, revised_days_since_onset, source, source_name, home_server, hops
    from exposure order by key`;
}
const crossed = (rows: Awaited<ReturnType<typeof keysOf>>) =>
  rows.map(({ source: _s, source_name: _n, home_server: _h, hops: _p, ...rest }) => rest);

describe("federation between servers", () => {
  const databases = [useDatabase(), useDatabase(), useDatabase()] as const;
  let world: World;
  let a: Server;
  let b: Server;

  beforeEach(async () => {
    await Promise.all(databases.map((database) => database().clear()));
    world = newWorld(NOW + 60);
    a = await world.server(A, databases[0]());
    b = await world.server(B, databases[1]());
  });

  const pull = (server: Server) => pullJob(server).run(signal);
  const push = (server: Server) => pushJob(server).run(signal);
  const rows = (count: number, more: (index: number) => Partial<ExposureRow> = () => ({})) =>
    Array.from({ length: count }, (_, index) => ({
      key: keyBytes(index),
      created_at: NOW - HOUR * (1 + index % 5),
      days_since_onset: index % 3 === 0 ? null : index % 20 - 10,
      ...more(index),
    }));

  const likely = (index: number): Partial<ExposureRow> =>
    index % 4 === 0
      ? {
        report_type: "likely",
        revised_at: NOW - HOUR * (1 + index % 3),
        revised_report_type: index % 8 === 0 ? "negative" : "confirmed",
        revised_transmission_risk: 6,
      }
      : {};

  for (const direction of ["pull", "push"] as const) {
    it(`brings every key and revision across once by ${direction}`, async () => {
      await insertExposures(a.database, [
        ...rows(230, likely),
        { key: keyBytes(900), created_at: NOW },
        { key: keyBytes(901), created_at: NOW - HOUR, traveler: false },
        { key: keyBytes(902), created_at: NOW - HOUR, regions: ["Z"] },
        { key: keyBytes(903), created_at: NOW - HOUR, source: "generated" },
      ]);
      const calls = { enabled: true, pageSize: 7 };
      a.agreements.push(peerNamed("b", B, { ...both, push: calls }));
      b.agreements.push(
        peerNamed("a", A, { accept: { ...all, acceptClinical: true }, pull: calls }),
      );
      const run = direction === "pull" ? () => pull(b) : () => push(a);
      const counts = await run();
      const revisions = rows(230, likely).filter(({ revised_at }) => revised_at).length;
      expect(counts).toEqual({ keys: 230 + revisions, stored: 230, revised: revisions });
      expect([a.thrown, b.thrown]).toEqual([[], []]);
      const ours = await keysOf(b);
      expect(crossed(ours)).toEqual(crossed(await keysOf(a)).slice(0, 230));
      expect(
        new Set(
          ours.map((row) =>
            JSON.stringify([row["source"], row["source_name"], row["home_server"], row["hops"]])
          ),
        ),
      ).toEqual(
        new Set([JSON.stringify(["peer", "a", A, 1])]),
      );
      // Nothing comes twice.
      expect(await run()).toEqual({});
      await world.setTime(NOW + 60 + 300);
      expect(await run()).toEqual({});
      // The next window.
      await world.setTime(NOW + HOUR + 60);
      expect(await run()).toEqual({ keys: 1, stored: 1 });
    });
  }

  it("recognises duplicates when both directions are on, at the same time", async () => {
    await insertExposures(a.database, rows(100));
    await insertExposures(
      b.database,
      rows(50).map((row, index) => ({ ...row, key: keyBytes(500 + index) })),
    );
    const calls = { enabled: true, pageSize: 9 };
    a.agreements.push(peerNamed("b", B, { ...both, pull: calls, push: calls }));
    b.agreements.push(peerNamed("a", A, { ...both, pull: calls, push: calls }));
    await Promise.all([pull(a), push(a), pull(b), push(b)]);
    for (let hour = 1; hour < 4; hour++) {
      await world.setTime(NOW + hour * HOUR + 60);
      await Promise.all([pull(a), push(a), pull(b), push(b)]);
    }
    expect([a.thrown, b.thrown]).toEqual([[], []]);
    for (const server of [a, b]) {
      const found = await keysOf(server);
      expect(found).toHaveLength(150);
      expect(found.every(({ hops }) => hops === 0 || hops === 1)).toBe(true);
    }
  });

  it("passes keys round a ring once, and ends every loop", async () => {
    const c = await world.server(C, databases[2]());
    const calls = { enabled: true };
    const resend = { send: { ...all, resend: true }, accept: all, pull: calls };
    const ring: [Server, string, ServerId][][] = [
      [[a, "c", C], [a, "b", B]],
      [[b, "a", A], [b, "c", C]],
      [[c, "b", B], [c, "a", A]],
    ];
    for (const [from, to] of ring) {
      if (from) from[0].agreements.push(peerNamed(from[1], from[2], resend));
      if (to) to[0].agreements.push(peerNamed(to[1], to[2], { ...resend, pull: {} }));
    }
    await insertExposures(a.database, rows(20));
    await insertExposures(c.database, [{ key: keyBytes(700), created_at: NOW - HOUR }]);
    for (let hour = 0; hour < 8; hour++) {
      await world.setTime(NOW + 60 + hour * HOUR);
      await Promise.all([pull(a), pull(b), pull(c)]);
    }
    const [inA, inB, inC] = [await keysOf(a), await keysOf(b), await keysOf(c)];
    expect([inA, inB, inC].map((found) => found.length)).toEqual([21, 21, 21]);
    expect(inA.filter(({ hops }) => hops === 0)).toHaveLength(20);
    expect(inB.slice(0, 20).every((row) => row["hops"] === 1 && row["home_server"] === A)).toBe(
      true,
    );
    expect(inC.slice(0, 20).every((row) => row["hops"] === 2 && row["home_server"] === A)).toBe(
      true,
    );
    expect(inB[20]).toMatchObject({ hops: 2, home_server: C, source_name: "a" });
    expect([a.thrown, b.thrown, c.thrown]).toEqual([[], [], []]);
  });

  it("catches up in order with a peer that was away for a week", async () => {
    const calls = { enabled: true, pageSize: 50 };
    a.agreements.push(peerNamed("b", B, { ...both, protocol: "connect", push: calls }));
    const handler = world.handlers.get(B);
    world.handlers.delete(B);
    const tries: number[] = [];
    for (let at = NOW + 60; at < NOW + 7 * 86_400; at += 6 * HOUR) {
      await world.setTime(at);
      await insertExposures(a.database, [{
        key: keyBytes(at),
        created_at: at - 60,
        interval_number: Math.floor(at / 600) - 300,
      }]);
      await push(a);
      const [status] = (await a.statuses()).statuses;
      if (status !== undefined) tries.push(status.nextTryAt - at);
    }
    // Nothing to hand over at first; then twice the wait each time.
    expect(tries.slice(0, 5)).toEqual([300, 2, 3, 6, 12]);
    expect(Math.max(...tries)).toBe(675);
    const [failing] = await peerStatuses(a);
    expect(failing?.push).toMatchObject({
      state: "failing",
      failures: 27,
      error: "fetch_failed: nobody there",
    });
    if (handler !== undefined) world.handlers.set(B, handler);
    b.agreements.push(peerNamed("a", A, { accept: all }));
    await world.setTime(NOW + 8 * 86_400);
    expect(await push(a)).toEqual({ keys: 28, stored: 28 });
    const [ok] = await peerStatuses(a);
    expect(ok?.push).toMatchObject({ state: "ok", failures: 0, lagSeconds: 0 });
    expect(ok?.push).not.toHaveProperty("error");
    expect(ok?.days).toEqual([
      expect.objectContaining({ kind: "push", keys: 28, verdicts: { stored: 28 } }),
    ]);
  });

  it("tells refusals by reason on both sides", async () => {
    await insertExposures(
      a.database,
      rows(10, (index) => ({
        report_type: index < 3 ? "user-report" : "confirmed",
        regions: index < 5 ? ["R1"] : ["R0"],
      })),
    );
    a.agreements.push(peerNamed("b", B, { send: all, push: { enabled: true } }));
    b.agreements.push(peerNamed("a", A, { accept: { regions: [asRegion("R0")] } }));
    expect(await push(a)).toEqual({ keys: 10, stored: 5, self_report: 3, region: 2 });
    const [theirs] = await b.pages.last("a", 1);
    expect(theirs).toMatchObject({
      kind: "pushed",
      verdicts: { stored: 5, self_report: 3, region: 2 },
    });
  });

  it("says that it is refused when the other side has no agreement", async () => {
    await insertExposures(a.database, rows(1));
    a.agreements.push(
      peerNamed("b", B, { ...both, push: { enabled: true }, pull: { enabled: true } }),
    );
    await Promise.all([push(a), pull(a)]);
    const [status] = await peerStatuses(a);
    const refused = {
      state: "refused",
      error: expect.stringContaining(
        "the peer answered unauthenticated: the token is not accepted: ",
      ),
    };
    expect(status).toMatchObject({ push: refused, pull: refused });
  });

  it("does nothing that is not switched on, or not in force", async () => {
    await insertExposures(a.database, rows(3));
    a.agreements.push(peerNamed("b", B, both));
    b.agreements.push(
      peerNamed("a", A, { ...both, pull: { enabled: true }, thru: "2020-01-01T00:00:00Z" }),
    );
    expect(await Promise.all([pull(a), push(a), pull(b), push(b)])).toEqual([{}, {}, {}, {}]);
    expect((await a.statuses()).statuses).toEqual([]);
  });

  it("begins anew when it asks for other regions", async () => {
    await insertExposures(
      a.database,
      rows(10, (index) => ({ regions: index < 5 ? ["R1"] : ["R0"] })),
    );
    a.agreements.push(peerNamed("b", B, both));
    const calls = { enabled: true };
    b.agreements.push(peerNamed("a", A, { accept: { regions: [asRegion("R0")] }, pull: calls }));
    expect(await pull(b)).toEqual({ keys: 5, stored: 5 });
    b.agreements[0] = peerNamed("a", A, { accept: all, pull: calls });
    await world.setTime(NOW + 60 + 300);
    expect(await pull(b)).toEqual({ keys: 10, stored: 5, duplicate: 5 });
  });

  it("finds by digests what is missing, and fetches it", async () => {
    await insertExposures(
      a.database,
      rows(40, likely).map((row, index) => ({
        ...row,
        regions: index < 10 ? ["R1"] : ["R0"],
      })),
    );
    a.agreements.push(peerNamed("b", B, { send: { regions: [asRegion("R0")] } }));
    b.agreements.push(
      peerNamed("a", A, { accept: { ...all, acceptClinical: true }, pull: { enabled: true } }),
    );
    await pull(b);
    const status = async () => (await peerStatuses(b))[0]?.pull;
    expect(await status()).toMatchObject({ state: "ok", inSyncSince: NOW + 60, lagKeys: 0 });
    // The other side allows more: what it sends from now on would leave a hole.
    a.agreements[0] = peerNamed("b", B, { send: all });
    await world.setTime(NOW + 60 + HOUR);
    expect(await pull(b)).toMatchObject({ stored: 10 });
    expect(await keysOf(b)).toHaveLength(40);
    expect(await status()).toMatchObject({
      inSyncSince: NOW + 60 + HOUR,
      repairedAt: NOW + 60 + HOUR,
    });
    await world.setTime(NOW + 60 + 2 * HOUR);
    expect(await pull(b)).toEqual({});
    expect(await status()).toMatchObject({ inSyncSince: NOW + 60 + HOUR });
  });

  it("goes on with tokens that a real OpenID provider gives to a client", async () => {
    const issuer = await openIdProvider([{ client_id: "server-b", client_secret: "a-secret" }]);
    // What the servers ask it goes over the network.
    world.handlers.set(issuer, (request) => fetch(request));
    const secret = `${await temporaryFolder()}/secret`;
    await writeFile(secret, "a-secret");
    const audience = "urn:keys:a";
    const now = Math.floor(Date.now() / 1000);
    const created_at = now - now % HOUR - 3 * HOUR;
    await insertExposures(a.database, rows(20, () => ({ created_at })));
    a.agreements.push(
      peerNamed("b", B, { send: all, auth: { issuer, subject: "server-b", audience } }),
    );
    const agreement = { accept: all, pull: { enabled: true, interval: "1s" } };
    b.agreements.push(peerNamed("a", A, agreement));
    await world.setTime(now);
    await pull(b);
    expect((await peerStatuses(b))[0]?.pull).toMatchObject({ state: "refused" });
    const client = {
      tokenEndpoint: `${issuer}/token`,
      id: "server-b",
      secret: `file:${secret}`,
      resource: audience,
    };
    b.agreements[0] = peerNamed("a", A, { ...agreement, call: { audience, client } });
    await world.setTime(now + 10);
    expect(await pull(b)).toEqual({ keys: 20, stored: 20 });
    expect((await peerStatuses(b))[0]?.pull).toMatchObject({ state: "ok" });
    await writeFile(secret, "another");
    b.agreements[0] = peerNamed("a", A, { ...agreement, call: { client: { ...client } } });
    await world.setTime(now + 20);
    await pull(b);
    expect((await peerStatuses(b))[0]?.pull).toMatchObject({
      state: "failing",
      error: expect.stringMatching(
        /^identity_unavailable: call\.client: 127\.0\.0\.1:\d+ answered 401 invalid_client: check call\.client/,
      ),
    });
  });

  it("is answered at the peer's pace when that limits the rate", async () => {
    await insertExposures(a.database, rows(100));
    a.agreements.push(peerNamed("b", B, { send: { ...all, maxKeysPerSecond: 20 } }));
    b.agreements.push(peerNamed("a", A, { accept: all, pull: { enabled: true, pageSize: 50 } }));
    expect(await pull(b)).toEqual({ keys: 100, stored: 100 });
    expect((await peerStatuses(b))[0]?.pull).toMatchObject({ state: "ok" });
    expect(world.waits).toEqual([1501, 2500]);
  });
});

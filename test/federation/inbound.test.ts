import { beforeEach, describe, expect, it } from "vitest";
import { dayDigests, wireDigest } from "../../federation/digest.ts";
import { type InboundDependencies, judgeBatch, storeBatch } from "../../federation/inbound.ts";
import type { ReceivedKey } from "../../federation/policy/acceptance.ts";
import { encodeHex } from "../../src/bytes/base64.ts";
import { AppError } from "../../src/errors.ts";
import { asServerId } from "../../src/model/ids.ts";
import { federationInbound } from "../../src/store/federation/inbound.ts";
import { federationPages } from "../../src/store/federation/page.ts";
import { TRUSTED_CLOCKS } from "../support/trusted-clocks.ts";
import { useDatabase } from "../support/database.ts";
import { insertExposures } from "../support/exposure-rows.ts";
import {
  HOME,
  keyBytes,
  MAX_AGE_SECONDS,
  NOW,
  peerOf,
  receivedKey,
  regionNames,
} from "./support.ts";

const HOUR = 3600;
const NOON = NOW + 1800;
const peer = peerOf({
  accept: { regions: regionNames(2), acceptClinical: true, acceptSelfReport: true },
});
const other = peerOf({
  ...peer,
  name: "other",
  serverId: asServerId("https://other.example"),
});
const nothing = () => Promise.resolve();

describe("a received batch", () => {
  const database = useDatabase();

  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOON);
  });

  const deps = (): InboundDependencies => ({
    inbound: federationInbound(database(), {
      windowSeconds: HOUR,
      writeTimeoutMs: 10_000,
      processSeconds: TRUSTED_CLOCKS.processSeconds,
    }),
    serverId: HOME,
    clockMs: () => NOON * 1000,
    maxAgeSeconds: MAX_AGE_SECONDS,
  });
  const receive = (
    keys: readonly ReceivedKey[],
    revised: readonly ReceivedKey[] = [],
    from = peer,
    beside: Parameters<typeof storeBatch>[3] = nothing,
  ) => storeBatch(deps(), from, judgeBatch(deps(), from, { keys, revised }), beside);
  const rows = async () =>
    await database().sql<Record<string, unknown>[]>`
      select encode(key, 'hex') as hex, * from exposure order by key`;

  it("stores a key with its regions, home, hops and the window of this moment", async () => {
    const verdicts = await receive([
      receivedKey({ regions: ["r1", "Z", "R0"], homeServer: "https://third.example", hops: 2 }),
    ]);
    expect(verdicts).toEqual({ keys: [{ kind: "stored" }], revised: [], counts: { stored: 1 } });
    expect(await rows()).toMatchObject([{
      hex: encodeHex(keyBytes(1)),
      interval_number: NOW / 600 - 288,
      interval_count: 144,
      transmission_risk: 2,
      report_type: "confirmed",
      days_since_onset: 3,
      regions: ["R1", "R0"],
      traveler: true,
      created_at: NOW,
      source: "peer",
      source_name: "sla",
      home_server: "https://third.example",
      hops: 3,
      revised_at: null,
    }]);
  });

  it("holds a key back until it can no longer be replayed", async () => {
    const current = Math.floor(NOON / 600);
    await receive([
      receivedKey({ key: keyBytes(1), intervalNumber: current - 144, intervalCount: 144 }),
      receivedKey({ key: keyBytes(2), intervalNumber: current - 143, intervalCount: 144 }),
      receivedKey({ key: keyBytes(3), intervalNumber: current, intervalCount: 144 }),
    ]);
    const ends = (current + 144) * 600;
    expect((await rows()).map((row) => row["created_at"])).toEqual([
      NOW,
      NOW + HOUR,
      Math.floor((ends + HOUR) / HOUR) * HOUR,
    ]);
  });

  it("never stores into a closed window", async () => {
    await database().bulk`update window_floor set next_closed_through = ${NOW + 5 * HOUR}`;
    await receive([receivedKey()]);
    expect(await rows()).toMatchObject([{ created_at: NOW + 5 * HOUR }]);
  });

  it("tells verdicts in order, and a bad key stops nothing", async () => {
    await receive([receivedKey({ key: keyBytes(3) })]);
    const verdicts = await receive([
      receivedKey({ key: keyBytes(4) }),
      receivedKey({ key: new Uint8Array(15) }),
      receivedKey({ key: keyBytes(3) }),
      receivedKey({ key: keyBytes(4) }),
      receivedKey({ key: keyBytes(5), reportType: 0 }),
      receivedKey({ key: keyBytes(2) }),
    ]);
    expect(verdicts.keys).toEqual([
      { kind: "stored" },
      { kind: "refused", reason: "key_length" },
      { kind: "duplicate" },
      { kind: "duplicate" },
      { kind: "refused", reason: "report_type" },
      { kind: "stored" },
    ]);
    expect(verdicts.counts).toEqual({ stored: 2, duplicate: 2, key_length: 1, report_type: 1 });
    expect(await rows()).toHaveLength(3);
  });

  it("keeps the first of two keys that are told differently", async () => {
    await receive([receivedKey({ transmissionRisk: 2 })]);
    await receive([receivedKey({ transmissionRisk: 7 })], [], other);
    expect(await rows()).toMatchObject([{ transmission_risk: 2, source_name: "sla" }]);
  });

  it("lets exactly one of many who bring the same keys store them", async () => {
    const keys = Array.from({ length: 200 }, (_, index) => receivedKey({ key: keyBytes(index) }));
    const all = await Promise.all([
      receive(keys),
      receive([...keys].reverse(), [], other),
      receive(keys),
      receive([...keys].reverse()),
    ]);
    const stored = all.reduce((sum, { counts }) => sum + (counts["stored"] ?? 0), 0);
    expect(stored).toBe(200);
    expect(await rows()).toHaveLength(200);
  });

  describe("revisions", () => {
    const likely = receivedKey({ reportType: 2, transmissionRisk: 4 });
    const confirmed = receivedKey({ reportType: 1, transmissionRisk: 3, daysSinceOnset: -2 });
    const revoked = receivedKey({ reportType: 5, transmissionRisk: 6 });

    it("revises once; the first revision wins", async () => {
      await receive([likely]);
      const first = await receive([], [{ ...confirmed, regions: ["R1"] }]);
      const again = await receive([], [confirmed]);
      const second = await receive([], [revoked]);
      expect([first, again, second].map(({ revised }) => revised[0])).toEqual([
        { kind: "revised" },
        { kind: "duplicate" },
        { kind: "refused", reason: "already_revised" },
      ]);
      expect(await rows()).toMatchObject([{
        report_type: "likely",
        transmission_risk: 4,
        days_since_onset: 3,
        revised_at: NOW,
        revised_report_type: "confirmed",
        revised_transmission_risk: 3,
        revised_days_since_onset: -2,
        regions: ["R0", "R1"],
      }]);
    });

    it("takes key and revision in one batch", async () => {
      const verdicts = await receive([likely], [revoked]);
      expect(verdicts.counts).toEqual({ stored: 1, revised: 1 });
    });

    it("does not release an embargoed key by revising it", async () => {
      const intervalNumber = Math.floor(NOON / 600);
      await receive([{ ...likely, intervalNumber }], [{ ...confirmed, intervalNumber }]);
      const [row] = await rows();
      expect(row?.["revised_at"]).toBe(row?.["created_at"]);
      expect(row?.["created_at"]).toBeGreaterThan(NOON);
    });

    it("refuses those of another source, and tells a repetition from a change", async () => {
      await receive([likely]);
      await insertExposures(database(), [
        { key: keyBytes(2), created_at: NOW, report_type: "likely" },
      ]);
      const verdicts = await receive(
        [],
        [confirmed, { ...confirmed, key: keyBytes(2) }, { ...likely, key: keyBytes(2) }],
        other,
      );
      expect(verdicts.revised).toEqual([
        { kind: "refused", reason: "other_source" },
        { kind: "refused", reason: "other_source" },
        { kind: "duplicate" },
      ]);
      expect((await rows()).map((row) => row["revised_at"])).toEqual([null, null]);
    });

    it("goes by the server, whatever the agreement with it is called", async () => {
      await receive([likely, { ...likely, key: keyBytes(2) }]);
      // As an older version of this program stored it.
      await database().sql`update exposure set source_server = null where key = ${keyBytes(2)}`;
      const renamed = peerOf({ ...peer, name: "renamed" });
      const successor = peerOf({ ...peer, serverId: asServerId("https://successor.example") });
      expect((await receive([], [confirmed], successor)).revised).toEqual([
        { kind: "refused", reason: "other_source" },
      ]);
      expect((await receive([], [confirmed, { ...confirmed, key: keyBytes(2) }], renamed)).revised)
        .toEqual([{ kind: "revised" }, { kind: "refused", reason: "other_source" }]);
      expect((await receive([], [{ ...confirmed, key: keyBytes(2) }])).revised).toEqual([
        { kind: "revised" },
      ]);
    });

    it("refuses other intervals and impossible transitions", async () => {
      await receive([likely, receivedKey({ key: keyBytes(2) })]);
      const verdicts = await receive([], [
        { ...confirmed, intervalCount: 100 },
        { ...revoked, key: keyBytes(2) },
      ]);
      expect(verdicts.revised).toEqual([
        { kind: "refused", reason: "interval_changed" },
        { kind: "refused", reason: "transition" },
      ]);
    });

    it("stores one of a key that we never had, unless it revokes", async () => {
      const verdicts = await receive([], [confirmed, { ...revoked, key: keyBytes(2) }, confirmed]);
      expect(verdicts.revised).toEqual([
        { kind: "stored" },
        { kind: "refused", reason: "revoked" },
        { kind: "duplicate" },
      ]);
      expect(await rows()).toMatchObject([{ report_type: "confirmed", revised_at: null }]);
    });
  });

  describe("what is written beside", () => {
    const cursors = {
      keys: { timestamp: NOW, nextToken: "a" },
      revised: { timestamp: 0, nextToken: "" },
    };

    it("is written with the keys", async () => {
      const keys = [receivedKey(), receivedKey({ key: keyBytes(2), intervalNumber: 100 })];
      await receive(keys, [], peer, async (transaction, { counts }) => {
        await transaction.moveCursor("sla", "pull", "f", cursors, 0);
        await transaction.addDigests("sla", dayDigests(keys, []), []);
        await transaction.addPage({
          peer: "sla",
          kind: "pull",
          keys: 2,
          revised: 0,
          verdicts: counts,
          tookMs: 1.4,
        });
      });
      expect(await database().sql`select * from peer_cursor`).toMatchObject([
        { key_timestamp: NOW, key_token: "a", filters: "f", version: 1 },
      ]);
      expect(await federationPages(database()).last("sla", 5)).toEqual([{
        peer: "sla",
        kind: "pull",
        at: NOON,
        keys: 2,
        revised: 0,
        verdicts: { stored: 1, too_old: 1 },
        tookMs: 1,
      }]);
      expect(await federationPages(database()).perDay(1)).toEqual([{
        peer: "sla",
        kind: "pull",
        day: Math.floor(NOON / 86_400),
        keys: 2,
        revised: 0,
        verdicts: { stored: 1, too_old: 1 },
      }]);
      expect(await database().sql`select day, count from peer_digest order by day`).toEqual([
        { day: 0, count: 1 },
        { day: Math.floor((NOW / 600 - 288) / 144), count: 1 },
      ]);
    });

    it("takes the keys with it when it fails", async () => {
      const crash = () => Promise.reject(new AppError("canceled"));
      await expect(receive([receivedKey()], [], peer, crash)).rejects.toMatchObject({
        code: "canceled",
      });
      expect(await rows()).toEqual([]);
    });

    it("does not happen when another moved the place", async () => {
      const move = (version: number) =>
        receive(
          [receivedKey({ key: keyBytes(version) })],
          [],
          peer,
          (transaction) => transaction.moveCursor("sla", "pull", "f", cursors, version),
        );
      await move(0);
      await expect(move(0)).rejects.toMatchObject({
        code: "version_conflict",
        message: "another process goes on with this peer",
      });
      await move(1);
      await expect(move(1)).rejects.toMatchObject({ code: "version_conflict" });
      expect(await rows()).toHaveLength(2);
    });

    it("adds up digests, whatever the batches, or begins anew", async () => {
      const keys = Array.from(
        { length: 9 },
        (_, index) =>
          receivedKey({ key: keyBytes(index), intervalNumber: NOW / 600 - 100 * index }),
      );
      const add = (part: readonly ReceivedKey[], anew = false) =>
        receive(
          [],
          [],
          peer,
          (transaction) => transaction.addDigests("sla", dayDigests(part, []), anew ? "all" : []),
        );
      const sums = async () =>
        await database().sql`select day, count, digest from peer_digest order by day`;
      await add(keys);
      const whole = await sums();
      await add(keys.slice(0, 4), true);
      await add(keys.slice(4));
      expect(await sums()).toEqual(whole);
    });
  });
});

describe("wireDigest()", () => {
  const database = useDatabase();

  it("is what the database computes", async () => {
    const types = { 1: "confirmed", 2: "likely", 3: "user-report", 5: "negative" };
    for (const [wire, type] of Object.entries(types)) {
      for (const dsos of [undefined, -14, 0, 14, 15, -15]) {
        for (const traveler of [true, false]) {
          for (const revised of [true, false]) {
            const { daysSinceOnset: _, ...key } = receivedKey({
              reportType: Number(wire),
              traveler,
            });
            const received = { ...key, ...(dsos === undefined ? {} : { daysSinceOnset: dsos }) };
            const [row] = await database().sql<{ digest: Uint8Array }[]>`
              select federation_digest(${Buffer.from(key.key)}, ${key.intervalNumber},
                ${key.intervalCount}, ${key.transmissionRisk}, ${type}, ${
              dsos ?? null
            }, ${traveler},
                ${revised}) as digest`;
            expect(row?.digest).toEqual(Buffer.from(wireDigest(received, revised)));
          }
        }
      }
    }
  });
});

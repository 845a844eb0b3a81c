import { beforeEach, describe, expect, it } from "vitest";
import { openDatabase, sqlState, UNIQUE_VIOLATION } from "../../../src/store/database.ts";
import type { StoredKey } from "../../../src/model/exposure.ts";
import type { CheckedKey, CheckedSet } from "../../../src/store/publish/checked-set.ts";
import {
  insertParameters,
  insertSql,
  type PublishStore,
  publishStore,
} from "../../../src/store/publish/publish.ts";
import { TRUSTED_CLOCKS } from "../../support/trusted-clocks.ts";
import { useDatabase } from "../../support/database.ts";

const HOUR = 3600;
const NOON = 1_749_988_800;
const SETTINGS = { windowSeconds: HOUR, releaseSameDayKeys: false };

const hexOf = (id: number): string => id.toString(16).padStart(32, "0");
const key = (id: number, changes: Partial<CheckedKey> = {}): CheckedKey => ({
  hex: hexOf(id),
  key: Buffer.from(hexOf(id), "hex"),
  intervalNumber: NOON / 600 - 1000,
  intervalCount: 144,
  transmissionRisk: 2,
  daysSinceOnset: 1,
  ...changes,
});
const set = (keys: readonly CheckedKey[], changes: Partial<CheckedSet> = {}): CheckedSet => ({
  keys,
  reportType: "likely",
  regions: ["MAG"],
  traveler: false,
  healthAuthority: "mag",
  issuer: "issuer",
  ...changes,
});
const stat = (teks: number) => ({
  issuer: "issuer",
  platform: "unknown" as const,
  teks,
  revision: false,
  missingOnset: true,
});

describe("publishStore()", () => {
  const database = useDatabase();
  let store: PublishStore;

  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOON);
    store = publishStore(database(), SETTINGS, TRUSTED_CLOCKS.processSeconds);
  });
  const count = async (table: string) => {
    const [row] = await database().sql.unsafe<{ count: number }[]>(
      `select count(*)::int from ${table}`,
    );
    return row?.count;
  };
  /** Inserts what is new, revises what is not. */
  const upsert = (keys: readonly CheckedKey[], reportType: CheckedSet["reportType"]) =>
    store.revise(set(keys, { reportType }), (existing) => ({
      insert: keys.filter((one) => !existing.has(one.hex)),
      revise: keys.filter((one) => {
        const stored = existing.get(one.hex);
        return stored !== undefined && stored.revisedTo === undefined;
      }),
      stat: stat(keys.length),
    }));

  it("inserts all keys and one entry of statistics, or nothing", async () => {
    expect(await store.insertAll(set([key(1), key(2)]), stat(2))).toBe(true);
    expect(await store.insertAll(set([key(2), key(3)]), stat(2))).toBe(false);
    expect([await count("exposure"), await count("publish_stat_entry")]).toEqual([2, 1]);
    expect(await store.insertAll(set([key(3)]), undefined)).toBe(true);
    expect(await count("publish_stat_entry")).toBe(1);
  });

  it("takes texts as they are, whatever is in them", async () => {
    const regions = ['A"B', "C\\D", "{E}", "F,G", ""];
    await store.insertAll(set([key(1)], { regions, healthAuthority: "x'; --" }), undefined);
    const [row] = await database().sql<{ regions: string[]; health_authority: string }[]>`
      select regions, health_authority from exposure`;
    expect(row).toEqual({ regions, health_authority: "x'; --" });
  });

  it("shows a revision what exists, and writes what it decides", async () => {
    await store.insertAll(set([key(1)]), undefined);
    let seen: StoredKey | undefined;
    await store.revise(set([key(1), key(2)]), (existing) => {
      seen = existing.get(key(1).hex);
      expect(existing.size).toBe(1);
      return undefined;
    });
    expect(seen).toEqual({
      hex: key(1).hex,
      intervalNumber: NOON / 600 - 1000,
      intervalCount: 144,
      reportType: "likely",
      revisedTo: undefined,
      sameSource: true,
      createdAt: NOON,
      regions: ["MAG"],
      traveler: false,
    });
    expect(await count("exposure")).toBe(1);
  });

  it("writes revisions above the floor of closed windows", async () => {
    await store.insertAll(set([key(1)]), undefined);
    await database().sql`update window_floor set next_closed_through = ${NOON + HOUR}`;
    await upsert([key(1)], "confirmed");
    const [row] = await database().sql<{ revised_at: number }[]>`select revised_at from exposure`;
    expect(row?.revised_at).toBe(NOON + HOUR);
  });

  it("lets exactly one of many insert the same key", async () => {
    const results = await Promise.all(
      Array.from({ length: 16 }, () => store.insertAll(set([key(1), key(2)]), stat(2))),
    );
    expect(results.filter(Boolean)).toHaveLength(1);
    expect([await count("exposure"), await count("publish_stat_entry")]).toEqual([2, 1]);
  });

  it("stores strangers' keys in one go when replays come among them", async () => {
    let statements = 0;
    const sql = new Proxy(database().sql, {
      get: (target, name) => {
        if (name === "unsafe") statements++;
        return Reflect.get(target, name);
      },
    });
    await store.insertAll(set([key(1)]), undefined);
    const watched = publishStore({ ...database(), sql }, SETTINGS, TRUSTED_CLOCKS.processSeconds);
    // Four statements run at a time, so that the sixteen after them are a group.
    const first = [101, 102, 103, 104].map((id) => watched.insertAll(set([key(id)]), undefined));
    const strangers = Array.from(
      { length: 13 },
      (_, index) => watched.insertAll(set([key(201 + 2 * index), key(202 + 2 * index)]), stat(2)),
    );
    const replays = [
      // One that is stored, and one that comes twice in the group.
      watched.insertAll(set([key(1), key(301)]), stat(2)),
      watched.insertAll(set([key(302), key(303)]), stat(2)),
      watched.insertAll(set([key(303), key(304)]), stat(2)),
    ];
    expect(await Promise.all(first)).toEqual(Array(4).fill(true));
    expect(await Promise.all(strangers)).toEqual(Array(13).fill(true));
    expect(await Promise.all(replays)).toEqual([false, true, false]);
    // The group, who is at fault, and the group without them.
    expect(statements).toBe(4 + 3);
    expect([await count("exposure"), await count("publish_stat_entry")]).toEqual([33, 14]);
  });

  it("inserts the keys of a group in one order, so that two groups cannot deadlock", async () => {
    const { sql } = database();
    const insert = (ids: readonly number[]) => {
      const parts = ids.map((id) => ({ set: set([key(id)]), keys: [key(id)] }));
      return sql.unsafe(insertSql(SETTINGS), insertParameters(parts, 0)).then(
        () => "stored",
        (error: unknown) => sqlState(error),
      );
    };
    const blocker = await sql.reserve();
    await blocker`begin`;
    await blocker.unsafe(
      insertSql(SETTINGS),
      insertParameters([{ set: set([]), keys: [key(2)] }], 0),
    );
    const waiting = (count: number) =>
      expect.poll(() =>
        database().bulk`
          select from pg_stat_activity
          where datname = current_database() and wait_event_type = 'Lock'`, { timeout: 10_000 })
        .toHaveLength(count);
    const upwards = insert([1, 2, 3]);
    await waiting(1);
    const downwards = insert([3, 2, 1]);
    await waiting(2);
    await blocker`rollback`;
    blocker.release();
    expect(await Promise.all([upwards, downwards])).toEqual(["stored", UNIQUE_VIOLATION]);
  });

  it("neither fails nor deadlocks when sixteen write overlapping sets over and over", async () => {
    const own = openDatabase({ address: database().address, statementTimeoutMs: 10_000 });
    const { insertAll, revise } = publishStore(own, SETTINGS, TRUSTED_CLOCKS.processSeconds);
    const { sql } = database();
    const backends = async () => {
      const rows = await sql<{ pid: number }[]>`
        select pid from pg_stat_activity where datname = current_database()`;
      return rows.map(({ pid }) => pid);
    };
    const before = await backends();
    let inserted = 0;
    const writer = async (own: number) => {
      for (let round = 0; round < 12; round++) {
        const ids = Array.from(
          { length: 6 },
          (_, index) => 1 + ((own * 5 + round * 3 + index * 7) % 40),
        );
        const keys = [...new Set(ids)].sort((a, b) => a - b).map((id) => key(id));
        if (await insertAll(set(keys), stat(keys.length))) inserted += keys.length;
        else {
          await revise(set(keys, { reportType: "confirmed" }), (existing) => {
            const fresh = keys.filter((one) => !existing.has(one.hex));
            const revise = keys.filter((one) =>
              existing.get(one.hex)?.revisedTo === undefined && existing.has(one.hex)
            );
            return { insert: fresh, revise, stat: undefined };
          });
        }
      }
    };
    await Promise.all(Array.from({ length: 16 }, (_, own) => writer(own)));
    expect(await count("exposure")).toBe(40);
    expect(inserted).toBeLessThanOrEqual(40);
    const revised = await database().sql`
      select from exposure where revised_at is not null and revised_report_type <> 'confirmed'`;
    expect(revised).toHaveLength(0);
    // A backend tells what it counted at its end, if not before.
    await own.close();
    await expect.poll(async () => (await backends()).filter((pid) => !before.includes(pid)), {
      timeout: 10_000,
    }).toEqual([]);
    const [row] = await sql<{ deadlocks: number }[]>`
      select deadlocks::int from pg_stat_database where datname = current_database()`;
    expect(row?.deadlocks).toBe(0);
  });

  it("plans again when another publish inserts a key after the plan was made", async () => {
    const other = await database().sql.reserve();
    await other`begin`;
    await other.unsafe(
      `insert into exposure (key, interval_number, interval_count, transmission_risk,
        report_type, regions, traveler, created_at)
      values (decode('${key(2).hex}', 'hex'), 1, 144, 2, 'likely', '{}', false, 0)`,
    );
    const seen: number[] = [];
    let committed: Promise<unknown> | undefined;
    await store.revise(set([key(1), key(2)]), (existing) => {
      seen.push(existing.size);
      committed ??= other`commit`.execute();
      const fresh = [key(1), key(2)].filter((one) => !existing.has(one.hex));
      return { insert: fresh, revise: [], stat: stat(fresh.length) };
    });
    await committed;
    other.release();
    expect(seen).toEqual([0, 1]);
    expect([await count("exposure"), await count("publish_stat_entry")]).toEqual([2, 1]);
  });

  it("says database_unavailable when nobody answers, or a lock is held too long", async () => {
    const address = { kind: "url", url: "postgres://127.0.0.1:1/nothing" } as const;
    const nowhere = openDatabase({ address, statementTimeoutMs: 1000 });
    const lost = publishStore(nowhere, SETTINGS, TRUSTED_CLOCKS.processSeconds);
    const unavailable = { code: "database_unavailable" };
    await expect(lost.insertAll(set([key(1)]), undefined)).rejects.toMatchObject(unavailable);
    await expect(lost.revise(set([key(1)]), () => undefined)).rejects.toMatchObject(unavailable);
    await expect(lost.preview([key(1)])).rejects.toMatchObject(unavailable);
    await nowhere.close(0);

    const impatient = openDatabase({ address: database().address, statementTimeoutMs: 100 });
    const locker = await database().bulk.reserve();
    await locker`begin`;
    await locker`lock table exposure in access exclusive mode`;
    await expect(
      publishStore(impatient, SETTINGS, TRUSTED_CLOCKS.processSeconds).insertAll(
        set([key(1)]),
        undefined,
      ),
    ).rejects
      .toMatchObject(unavailable);
    await locker`rollback`;
    locker.release();
    await impatient.close(0);
    expect(await store.insertAll(set([key(1)]), undefined)).toBe(true);
  });

  it("previews without locking or writing", async () => {
    await store.insertAll(set([key(1)]), undefined);
    await database().setClock(NOON + 1800);
    const preview = await store.preview([key(1), key(2)]);
    expect([preview.now, preview.currentWindow, [...preview.existing.keys()]]).toEqual([
      NOON + 1800,
      NOON,
      [key(1).hex],
    ]);
  });
});

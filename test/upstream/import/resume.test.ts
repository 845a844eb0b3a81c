import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { asRegion } from "../../../src/model/ids.ts";
import type { ExportSigner } from "../../../src/export-file/build.ts";
import { KEYS_A_PORTION } from "../../../src/upstream/import/read-keys.ts";
import { leases } from "../../../src/store/lease.ts";
import { useDatabase } from "../../support/database.ts";
import { newSigner } from "../../export-file/sample.ts";
import { openUpstream, type UpstreamServer } from "../upstream-server.ts";
import { DAY, fileOf, importOf, NOON, openWorld, pastKey, rawFileOf } from "../world.ts";

describe("importExports() in a later run", () => {
  const database = useDatabase();
  let signer: ExportSigner;
  let pem: string;
  let server: UpstreamServer;

  beforeAll(async () => {
    ({ signer, pem } = await newSigner());
  });
  beforeEach(async () => {
    server = await openUpstream();
  });
  afterEach(() => server.close());

  const many = (count: number) => Array.from({ length: count }, (_, index) => pastKey(index));

  it("resumes in the middle of a file after a crash in any portion", async () => {
    const world = await openWorld(database(), importOf(server, pem));
    const count = 2 * KEYS_A_PORTION + 10;
    server.index("a.zip");
    server.set(
      "/files/a.zip",
      await fileOf([signer], many(count), [pastKey(5, { reportType: 5 })]),
    );
    const { keys, files } = world.dependencies();
    const handled: number[] = [];
    const crash = new Error("the process died");
    for (let run = 0; run < 4; run++) {
      let portions = 0;
      const dying = world.run({
        keys: {
          store: async (target, portion) => {
            if (portions++ === 1) throw crash;
            handled.push(portion.before.handled);
            return await keys.store(target, portion);
          },
        },
        files: { ...files, fail: () => Promise.reject(crash) },
      });
      await (run < 3 ? expect(dying).rejects.toBe(crash) : dying);
    }
    expect(handled).toEqual([0, KEYS_A_PORTION, 2 * KEYS_A_PORTION, count]);
    expect(await world.status()).toMatchObject({
      done: 1,
      inserted: count,
      revised: 1,
      duplicates: 0,
      unmatched: 0,
    });
    expect((await world.rows()).length).toBe(count);
  });

  it("starts over when the file has changed, and stores nothing twice", async () => {
    const world = await openWorld(database(), importOf(server, pem));
    server.index("a.zip");
    server.set("/files/a.zip", await fileOf([signer], many(KEYS_A_PORTION + 5)));
    const { keys, files } = world.dependencies();
    const crash = new Error("the process died");
    let portions = 0;
    await expect(world.run({
      keys: {
        store: async (target, portion) => {
          if (portions++ === 1) throw crash;
          return await keys.store(target, portion);
        },
      },
      files: { ...files, fail: () => Promise.reject(crash) },
    })).rejects.toBe(crash);
    server.set("/files/a.zip", await fileOf([signer], many(7)));
    expect(await world.run()).toMatchObject({ files: 1, inserted: 0 });
    expect(await world.status()).toMatchObject({ done: 1, inserted: 0, duplicates: 7 });
  });

  it("stores a portion once when two workers import the same file", async () => {
    const world = await openWorld(database(), importOf(server, pem));
    server.index("a.zip");
    server.set("/files/a.zip", await fileOf([signer], many(3)));
    const { keys } = world.dependencies();
    const outcomes: (number | undefined)[] = [];
    await world.run({
      keys: {
        store: async (target, portion) => {
          const both = await Promise.all([
            keys.store(target, portion),
            keys.store(target, portion),
          ]);
          outcomes.push(...both.map((progress) => progress?.inserted));
          return both.find((progress) => progress !== undefined);
        },
      },
    });
    expect(outcomes.toSorted()).toEqual([3, undefined]);
    expect(await world.status()).toMatchObject({ done: 1, inserted: 3, duplicates: 0 });
  });

  it("leaves a config to the worker that has its lease", async () => {
    const world = await openWorld(database(), importOf(server, pem));
    server.index("a.zip");
    await leases(database()).take("import:foreign", "another", 300);
    expect(await world.run()).toEqual({ files: 0, inserted: 0, revised: 0, failed: 0 });
    expect(server.asked).toEqual([]);
    await database().setClock(NOON + 300);
    expect((await world.run()).failed).toBe(1);
  });

  it("retries a failed file with growing delays until it is valid", async () => {
    const world = await openWorld(database(), importOf(server, pem));
    server.index("a.zip");
    const waits = [60, 120, 240];
    let now = NOON;
    for (const [index, wait] of waits.entries()) {
      expect((await world.run()).failed).toBe(1);
      expect((await world.status())?.failures).toEqual([{
        url: `${server.url}/files/a.zip`,
        code: "not_found",
        message: `${new URL(server.url).host} answered HTTP 404`,
        attempts: index + 1,
        nextTryAt: now + wait,
      }]);
      await database().setClock(now + wait - 1);
      expect(await world.run()).toMatchObject({ files: 0, failed: 0 });
      now += wait;
      await database().setClock(now);
    }
    server.set("/files/a.zip", await fileOf([signer], many(1)));
    expect(await world.run()).toMatchObject({ files: 1, inserted: 1, failed: 0 });
    expect(await world.status()).toMatchObject({ done: 1, failed: 0, failures: [] });
  });

  it("counts keys that are already known from any source, and changes none", async () => {
    const world = await openWorld(
      database(),
      importOf(server, pem),
      importOf(server, pem, { name: "second" }),
    );
    server.index("a.zip", "b.zip");
    server.set("/files/a.zip", await rawFileOf(signer, [pastKey(2), pastKey(1), pastKey(2)]));
    server.set("/files/b.zip", await fileOf([signer], [pastKey(2, { reportType: 3 }), pastKey(3)]));
    expect((await world.run()).inserted).toBe(3);
    const sums = await database().sql`
      select sum(inserted) as inserted, sum(duplicates) as duplicates from import_file`;
    expect(sums[0]).toEqual({ inserted: 3, duplicates: 7 });
    expect((await world.rows()).map((row) => row.reportType)).toEqual([
      "confirmed",
      "confirmed",
      "confirmed",
    ]);
  });

  it("adds its region to keys that are known from another source, in their window or in a later one", async () => {
    const second = importOf(server, pem, { name: "second", region: asRegion("ZZ") });
    const third = importOf(server, pem, { name: "third", region: asRegion("QQ") });
    server.index("a.zip");
    server.set("/files/a.zip", await fileOf([signer], [pastKey(1), pastKey(2)]));
    const world = await openWorld(database(), importOf(server, pem), second);
    await world.run();
    const [row] = await database().sql<{ createdAt: number; regions: string[] }[]>`
      select max(created_at) as "createdAt", min(regions) as regions from exposure`;
    expect(row?.regions.toSorted()).toEqual(["MAG", "ZZ"]);

    const later = (row?.createdAt ?? 0) + 3600;
    await database().sql`
      update window_floor set closed_through = ${later}, next_closed_through = ${later}`;
    world.resources.push(third);
    await world.run();
    expect(
      await database().sql`
        select regions_before <@ regions as kept, regions @> '{QQ}' as added, source_name as by,
               added_at >= ${later} as later, count(*)::int as keys
        from exposure_region group by 1, 2, 3, 4`,
    ).toEqual([{ kept: true, added: true, by: "third", later: true, keys: 2 }]);
  });

  it("revises only keys of the same import, once, to confirmed or negative", async () => {
    const world = await openWorld(database(), importOf(server, pem));
    server.index("a.zip", "b.zip", "c.zip");
    server.set(
      "/files/a.zip",
      await fileOf([signer], [
        pastKey(1, { reportType: 2 }),
        pastKey(2, { reportType: 3 }),
        pastKey(3, { reportType: 1 }),
        pastKey(4, { reportType: 2 }),
        pastKey(5, { reportType: 1 }),
      ]),
    );
    await database().sql`
      insert into exposure (key, interval_number, interval_count, transmission_risk, report_type, regions, traveler, created_at)
      values (${pastKey(9).key}, 1, 144, 2, 'likely', '{MAG}', false, 0)`;
    server.set(
      "/files/b.zip",
      await rawFileOf(signer, [], [
        pastKey(1, { reportType: 1, transmissionRisk: 0, daysSinceOnset: undefined }),
        pastKey(2, { reportType: 5 }),
        pastKey(3, { reportType: 5 }),
        pastKey(4, { reportType: 2 }),
        pastKey(5, { reportType: 1 }),
        pastKey(8, { reportType: 5 }),
        pastKey(9, { reportType: 5 }),
      ]),
    );
    server.set("/files/c.zip", await fileOf([signer], [], [pastKey(1, { reportType: 5 })]));
    expect(await world.run()).toEqual({ files: 3, inserted: 5, revised: 3, failed: 0 });
    expect((await world.rows()).map((row) => [row.number, row.revisedType, row.revisedAt]))
      .toEqual([
        [1, "confirmed", NOON],
        [2, "negative", NOON],
        [3, "negative", NOON],
        [4, null, null],
        [5, null, null],
        [9, null, null],
      ]);
    const [revised] = await database().sql`
      select revised_transmission_risk as risk, revised_days_since_onset as onset, report_type
      from exposure where key = ${pastKey(1).key}`;
    expect(revised).toEqual({ risk: 2, onset: 10, report_type: "likely" });
    expect(await world.status()).toMatchObject({ revised: 3, unmatched: 4, skipped: 1 });
  });

  it("a revision does not release a key that is held back", async () => {
    const world = await openWorld(database(), importOf(server, pem));
    const intervalNumber = (NOON - NOON % DAY) / 600;
    const key = pastKey(1, { intervalNumber, reportType: 2 });
    server.index("a.zip");
    server.set("/files/a.zip", await fileOf([signer], [key], [{ ...key, reportType: 1 }]));
    await world.run();
    const [row] = await world.rows();
    expect(row?.revisedAt).toBe(row?.createdAt);
    expect(row?.createdAt).toBeGreaterThan(NOON);
  });
});

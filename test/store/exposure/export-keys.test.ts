import { beforeEach, describe, expect, it } from "vitest";
import { asRegion } from "../../../src/model/ids.ts";
import { exportKeys, type TakeKey } from "../../../src/store/exposure/export-keys.ts";
import type { KeyRules } from "../../../src/store/exposure/selection.ts";
import { useDatabase } from "../../support/database.ts";

const SPAN = { startsAt: 3600, endsAt: 7200 };
const rules: KeyRules = {
  regions: [asRegion("MAG")],
  excludeRegions: [],
  includeTravelers: false,
  onlyNonTravelers: false,
};
const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe("exportKeys()", () => {
  const database = useDatabase();

  beforeEach(() => database().clear());

  const insert = (count: number) =>
    database().bulk.unsafe(`
      insert into exposure (key, interval_number, interval_count, transmission_risk, report_type,
                            days_since_onset, regions, traveler, created_at)
      select decode(md5('' || i), 'hex'), 2800000 + i, 1 + i % 144, i % 9,
             (array['confirmed', 'likely', 'user-report', 'negative'])[1 + i % 4],
             nullif(i % 29 - 14, 14), '{MAG}', false, 3600
      from generate_series(1, ${count}) as i`);
  const expected = async (): Promise<readonly string[]> =>
    (await database().sql<{ text: string }[]>`
      select concat_ws(' ', encode(key, 'hex'), transmission_risk, interval_number, interval_count,
               case report_type when 'confirmed' then 1 when 'likely' then 2
                                when 'user-report' then 3 else 5 end,
               coalesce(days_since_onset::text, 'none')) as text
      from exposure order by key`).map((row) => row.text);
  const read = async (
    after: Uint8Array | undefined,
    limit: number,
  ): Promise<{ rows: string[]; last: Uint8Array | undefined }> => {
    const rows: string[] = [];
    const take: TakeKey = (row) => {
      const { transmissionRisk, intervalNumber, intervalCount, reportType, daysSinceOnset } = row;
      const numbers = [transmissionRisk, intervalNumber, intervalCount, reportType];
      rows.push([hex(row.key), ...numbers, daysSinceOnset ?? "none"].join(" "));
    };
    const last = await exportKeys(database()).read(SPAN, rules, "keys", { after, limit }, take);
    return { rows, last };
  };

  // Around the sizes at which streams and sockets begin to hold back.
  it.each([0, 1, 2, 302, 303, 304, 606, 607, 1000, 1213, 1214, 5000, 20_000])(
    "reads %i keys, whole and in order, and leaves the connection usable",
    async (count) => {
      await insert(count);
      const { rows, last } = await read(undefined, 1_000_000);
      expect(rows).toEqual(await expected());
      expect(last && hex(last)).toBe(rows.at(-1)?.slice(0, 32));
      expect(await exportKeys(database()).count(SPAN, rules)).toEqual({ keys: count, revised: 0 });
    },
  );

  it("goes on after a key", async () => {
    await insert(10);
    const all = await expected();
    const first = await read(undefined, 4);
    expect(first.rows).toEqual(all.slice(0, 4));
    const second = await read(first.last, 4);
    expect(second.rows).toEqual(all.slice(4, 8));
    expect((await read(second.last, 4)).rows).toEqual(all.slice(8));
  });

  it("throws what its taker throws, and leaves all connections usable", async () => {
    await insert(3000);
    const failing = () => {
      throw new RangeError("enough");
    };
    const range = { after: undefined, limit: 3000 };
    for (let round = 0; round < 10; round++) {
      await expect(exportKeys(database()).read(SPAN, rules, "keys", range, failing))
        .rejects.toThrow("enough");
    }
    expect((await read(undefined, 3000)).rows.length).toBe(3000);
  });

  it("refuses regions and numbers that would not be what they say", async () => {
    const bad = { ...rules, regions: [asRegion("MAG'}; drop table exposure --")] };
    await expect(exportKeys(database()).count(SPAN, bad)).rejects.toMatchObject({
      code: "internal",
      message: "a region is not a code",
    });
    await expect(exportKeys(database()).count({ startsAt: Number.NaN, endsAt: 1 }, rules))
      .rejects.toMatchObject({ code: "internal", message: "a whole number was expected" });
  });

  it("fails when the connection is cut in the middle", async () => {
    await insert(20_000);
    let cut: Promise<unknown> | undefined;
    const take: TakeKey = () => {
      cut ??= database().sql`
        select pg_terminate_backend(pid) from pg_stat_activity
        where datname = current_database() and query like 'copy %' and pid <> pg_backend_pid()`
        .execute();
    };
    const range = { after: undefined, limit: 20_000 };
    const slow: TakeKey = (key) => {
      take(key);
      const until = performance.now() + 0.05;
      while (performance.now() < until);
    };
    await exportKeys(database()).read(SPAN, rules, "keys", range, slow).then(
      // All of it may have been on its way already.
      () => undefined,
      (error: unknown) => expect(error).toBeInstanceOf(Error),
    );
    await cut;
    // The pool may hand out the dying connection once more; after that it has a new one.
    const whole = await read(undefined, 20_000).catch(() => read(undefined, 20_000));
    expect(whole.rows.length).toBe(20_000);
  });
});

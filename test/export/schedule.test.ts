import { beforeEach, describe, expect, it } from "vitest";
import { asWindow } from "../../src/model/ids.ts";
import { useDatabase } from "../support/database.ts";
import { expectExactlyOnce } from "./oracle.ts";
import { config, DAY, DAY_ONE, HOUR, openWorld, type TestKey, type World } from "./world.ts";

const hourly = (from: number, hours: number): readonly TestKey[] =>
  Array.from({ length: hours }, (_, hour) => ({
    id: `hour ${from + hour * HOUR}`,
    createdAt: from + hour * HOUR,
    revisedAt: from + hour * HOUR,
  }));

describe("the schedule of exports", () => {
  const database = useDatabase();
  let world: World;

  beforeEach(async () => {
    world = await openWorld(database());
  });

  const at = async (seconds: number): Promise<number> => {
    await database().setClock(seconds);
    return (await world.run()).windows;
  };
  const windows = async (): Promise<readonly (readonly [number, number])[]> => {
    const rows = await database().sql<{ s: number; e: number }[]>`
      select (starts_at - ${DAY_ONE}) / 3600 as s, (ends_at - ${DAY_ONE}) / 3600 as e
      from export_batch order by ends_at`;
    return rows.map(({ s, e }) => [s, e] as const);
  };

  it("catches up after a day's outage, oldest first", async () => {
    world.put(config({ name: "mag" }));
    await at(DAY_ONE + 6 * HOUR);
    await world.insert(hourly(DAY_ONE + 4 * HOUR, 30));
    expect(await at(DAY_ONE + 34 * HOUR)).toBe(7);
    await expectExactlyOnce(world, config({ name: "mag" }), "mag", DAY_ONE, DAY_ONE + 32 * HOUR);
    const files = (await world.download("mag")).map(({ file }) => file.start);
    expect(files).toEqual(files.toSorted());
    expect(files.length).toBe(7);
  });

  it("loses and repeats nothing when the period changes", async () => {
    await world.insert(hourly(DAY_ONE, 48));
    world.put(config({ name: "mag", period: "4h" }));
    await at(DAY_ONE + 10 * HOUR);
    world.put(config({ name: "mag", period: "1h" }));
    await at(DAY_ONE + 13 * HOUR);
    world.put(config({ name: "mag", period: "24h" }));
    await at(DAY_ONE + 26 * HOUR);
    world.put(config({ name: "mag", period: "6h" }));
    await at(DAY_ONE + 38 * HOUR);
    expect(await windows()).toEqual([
      [4, 8],
      [8, 9],
      [9, 10],
      [10, 11],
      [11, 24],
      [24, 30],
      [30, 36],
    ]);
    await expectExactlyOnce(
      world,
      config({ name: "mag" }),
      "mag",
      DAY_ONE + 4 * HOUR,
      DAY_ONE + 36 * HOUR,
    );
  });

  it("continues under a new root after an edit, and never overwrites a file of the old root", async () => {
    await world.insert(hourly(DAY_ONE, 24));
    world.put(config({ name: "first", filenameRoot: "a" }));
    await at(DAY_ONE + 10 * HOUR);
    const [old] = await world.download("a");
    world.put(config({ name: "first", filenameRoot: "b" }));
    world.put(config({ name: "second", filenameRoot: "a" }));
    await at(DAY_ONE + 10 * HOUR);
    const names = (await world.download("a")).map(({ name }) => name.slice(-9));
    expect(names).toEqual(["00001.zip", "00002.zip"]);
    const [kept, added] = await world.download("a");
    expect(kept?.zip).toEqual(old?.zip);
    expect(added?.file).toMatchObject({ start: DAY_ONE + 4 * HOUR, end: DAY_ONE + 8 * HOUR + 2 });
    await at(DAY_ONE + 14 * HOUR);
    expect((await world.index("b"))?.length).toBe(1);
  });

  it("exports windows that overlap [from, thru), even if they become due after thru", async () => {
    world.put(config({
      name: "mag",
      period: "1h",
      from: new Date((DAY_ONE + 5.5 * HOUR) * 1000).toISOString(),
      thru: new Date((DAY_ONE + 8 * HOUR) * 1000).toISOString(),
    }));
    await at(DAY_ONE + 4 * HOUR);
    await at(DAY_ONE + 20 * HOUR);
    expect(await windows()).toEqual([[5, 6], [6, 7], [7, 8]]);
  });

  it("resumes a config that was deleted and restored", async () => {
    await world.insert(hourly(DAY_ONE, 24));
    const definition = config({ name: "mag" });
    world.put(definition);
    await at(DAY_ONE + 6 * HOUR);
    world.resources.delete("ExportConfig/mag");
    expect(await at(DAY_ONE + 14 * HOUR)).toBe(0);
    world.put(definition);
    expect(await at(DAY_ONE + 14 * HOUR)).toBe(2);
    await expectExactlyOnce(world, definition, "mag", DAY_ONE, DAY_ONE + 12 * HOUR);
  });

  it.each([["back", -HOUR], ["forward", HOUR]])(
    "loses and repeats nothing when the clock steps an hour %s",
    async (_, step) => {
      const definition = config({ name: "mag", period: "1h" });
      world.put(definition);
      await at(DAY_ONE + 2 * HOUR);
      let offset = 0;
      for (let minute = 1; minute < 6 * 60; minute += 7) {
        if (minute === 120 + 1 || minute === 246 + 1) offset = offset === 0 ? step : 0;
        const now = DAY_ONE + 2 * HOUR + minute * 60 + offset;
        await database().setClock(now);
        await database().sql.unsafe(`
          insert into exposure (key, interval_number, interval_count, transmission_risk, report_type,
                                regions, traveler, created_at)
          values (decode(md5('${minute}'), 'hex'), 1, 144, 2, 'confirmed', '{MAG}', false,
                  greatest(wayfarer_now() / 3600 * 3600, (select next_closed_through from window_floor)))`);
        await world.run();
      }
      await at(DAY_ONE + 20 * HOUR);
      const [count] = await database().sql<{ n: number }[]>`select count(*) as n from exposure`;
      expect((await world.download("mag")).flatMap(({ file }) => [...file.keys()]).length)
        .toBe(count?.n);
      await expectExactlyOnce(world, definition, "mag", DAY_ONE, DAY_ONE + 18 * HOUR);
    },
  );

  it("waits for writes in progress when a window ends", async () => {
    const definition = config({ name: "mag", period: "1h" });
    world.put(definition);
    world = { ...world, settings: { ...world.settings, minWindowAgeSeconds: 0 } };
    await at(DAY_ONE + 2 * HOUR);
    await database().setClock(DAY_ONE + 3 * HOUR - 1);
    const late = await database().sql.reserve();
    await late`begin`;
    await late.unsafe(`
      insert into exposure (key, interval_number, interval_count, transmission_risk, report_type,
                            regions, traveler, created_at)
      values (decode(md5('late'), 'hex'), 1, 144, 2, 'confirmed', '{MAG}', false, ${
      DAY_ONE + 2 * HOUR
    })`);
    await database().setClock(DAY_ONE + 3 * HOUR + 60);
    const run = world.run({ settings: world.settings });
    const announced = async (): Promise<number | undefined> => {
      const [row] = await database().sql<{ next: number }[]>`
        select next_closed_through as next from window_floor`;
      return row?.next;
    };
    while (await announced() !== DAY_ONE + 3 * HOUR) { /* the announcement is a statement away */ }
    await late`commit`;
    late.release();
    await run;
    await world.run({ settings: world.settings });
    await expectExactlyOnce(world, definition, "mag", DAY_ONE + HOUR, DAY_ONE + 3 * HOUR);
    expect((await world.download("mag")).length).toBe(1);
  });

  it("skips thousands of empty windows without writing a file", async () => {
    world.put(config({ name: "mag", period: "1s" }));
    await at(DAY_ONE + 3 * HOUR);
    await world.insert([{ id: "one", createdAt: DAY_ONE + 2 * HOUR }]);
    expect(await at(DAY_ONE + 7 * HOUR)).toBe(4 * HOUR);
    expect(await world.index("mag")).toEqual([
      `mag/${DAY_ONE + 2 * HOUR}-${DAY_ONE + 2 * HOUR + 1}-00001.zip`,
    ]);
  });

  it("exports no window that may still get keys, whatever the clock says", async () => {
    world.put(config({ name: "mag", period: "1h" }));
    await at(DAY_ONE + 4 * HOUR);
    const watermark = { closedThrough: () => Promise.resolve(asWindow(DAY_ONE + 3 * HOUR)) };
    await database().setClock(DAY_ONE + 20 * HOUR);
    expect(await world.run({ watermark })).toMatchObject({ windows: 1 });
  });

  it("exports no window younger than WINDOW_GRACE", async () => {
    world.put(config({ name: "mag", period: "1h" }));
    const settings = { ...world.settings, minWindowAgeSeconds: 0, windowGraceSeconds: 600 };
    await database().setClock(DAY_ONE + 2 * HOUR);
    await world.run({ settings });
    await database().setClock(DAY_ONE + 2 * HOUR + 599);
    expect(await world.run({ settings })).toMatchObject({ windows: 0 });
    await database().setClock(DAY_ONE + 2 * HOUR + 600);
    expect(await world.run({ settings })).toMatchObject({ windows: 1 });
  });

  it("adds a daily file beside the files of the period", async () => {
    const definition = config({ name: "mag", rollup: "24h" });
    world.put(definition);
    await world.insert(hourly(DAY_ONE, 3 * 24));
    for (let hour = 2; hour <= 3 * 24 + 2; hour += 4) await at(DAY_ONE + hour * HOUR);
    await expectExactlyOnce(world, definition, "mag", DAY_ONE, DAY_ONE + 3 * DAY);
    await expectExactlyOnce(world, definition, "mag-daily", DAY_ONE, DAY_ONE + 3 * DAY);
    expect((await world.index("mag-daily"))?.length).toBe(3);
  });
});

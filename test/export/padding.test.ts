import { beforeEach, describe, expect, it } from "vitest";
import { randomBytesOf } from "../../src/app/random-bytes.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { useDatabase } from "../support/database.ts";
import { expectExactlyOnce } from "./oracle.ts";
import { inspectExportFile } from "../../src/export-file/inspect.ts";
import { lintExportFile } from "../../src/export-file/lint.ts";
import { config, DAY_ONE, hexKey, HOUR, keyBytes, openWorld, type World } from "./world.ts";

type Generated = {
  regions: string[];
  traveler: boolean;
  created_at: number;
  interval_number: number;
};

describe("generated keys", () => {
  const database = useDatabase();
  let world: World;

  beforeEach(async () => {
    world = await openWorld(database(), { minRecords: 20, paddingRange: 5 });
  });

  const generated = () =>
    database().sql<Generated[]>`
      select regions, traveler, created_at, interval_number from exposure where source = 'generated'`;
  const sizes = async (root: string): Promise<readonly number[]> =>
    (await world.download(root)).map(({ file }) => file.keyCount);

  it("pad a window to the minimum plus a random few, with metadata of real keys", async () => {
    world.put(config({ name: "mag" }));
    await world.insert([
      { id: "a", createdAt: DAY_ONE, regions: ["MAG", "XYZ"] },
      { id: "b", createdAt: DAY_ONE + HOUR, traveler: true },
      { id: "elsewhere", createdAt: DAY_ONE, regions: ["XYZ"] },
    ]);
    await database().setClock(DAY_ONE + 6 * HOUR);
    await world.run();
    const rows = await generated();
    expect(rows.length).toBeGreaterThanOrEqual(18);
    expect(rows.length).toBeLessThanOrEqual(23);
    expect(await sizes("mag")).toEqual([rows.length + 2]);
    const kinds = new Set(rows.map((row) => `${row.regions} ${row.traveler}`));
    expect([...kinds].every((kind) => ["MAG,XYZ false", "MAG true"].includes(kind))).toBe(true);
    expect(new Set(rows.map((row) => row.created_at))).toEqual(new Set([DAY_ONE + 4 * HOUR - 1]));
    expect(world.primaries(await world.download("mag"))).toContain(hexKey("a"));
  });

  it("are also drawn from the same hours of earlier days, and have all expired", async () => {
    world.put(config({ name: "mag" }));
    await world.insert([
      { id: "a", createdAt: DAY_ONE },
      ...["b", "c", "d"].map((id) => ({ id, createdAt: DAY_ONE - 48 * HOUR, traveler: true })),
      { id: "other hours", createdAt: DAY_ONE - 20 * HOUR, regions: ["MAG", "NIX"] },
      { id: "long ago", createdAt: DAY_ONE - 8 * 24 * HOUR, regions: ["MAG", "OLD"] },
    ]);
    await database().setClock(DAY_ONE + 6 * HOUR);
    await world.run();
    const rows = await generated();
    expect(new Set(rows.map(({ regions, traveler }) => `${regions} ${traveler}`)))
      .toEqual(new Set(["MAG false", "MAG true"]));
    const [download] = await world.download("mag");
    if (download === undefined) throw new Error("no file");
    const findings = lintExportFile(download.file, await inspectExportFile(download.file));
    expect(findings.map(({ code }) => code)).toEqual([]);
  });

  it("are revised like real keys where too few real keys are", async () => {
    const definition = config({ name: "mag", rollup: "24h" });
    world.put(definition);
    await world.insert([{ id: "a", createdAt: DAY_ONE }, { id: "b", createdAt: DAY_ONE + HOUR }]);
    await database().setClock(DAY_ONE + 6 * HOUR);
    await world.run();
    await world.insert([{ id: "c", createdAt: DAY_ONE + 4 * HOUR }]);
    await database().sql`
      update exposure set revised_at = ${DAY_ONE + 5 * HOUR}, revised_report_type = 'negative',
        revised_transmission_risk = 2, revised_days_since_onset = 1 where key = ${keyBytes("a")}`;
    await database().setClock(DAY_ONE + 10 * HOUR);
    await world.run();
    const [first, second] = await world.download("mag");
    const hexOf = (key: { key: Uint8Array }): string => Buffer.from(key.key).toString("hex");
    const known = new Set(first === undefined ? [] : [...first.file.keys()].map(hexOf));
    const revised = second === undefined ? [] : [...second.file.revisedKeys()];
    expect(revised.length).toBeGreaterThanOrEqual(2);
    expect(revised.length).toBeLessThanOrEqual(3);
    expect(revised.map(hexOf)).toContain(hexKey("a"));
    expect(revised.every((key) => known.has(hexOf(key)))).toBe(true);
    expect(
      new Set(
        revised.map(({ reportType, transmissionRisk }) => [reportType, transmissionRisk].join()),
      ),
    )
      .toEqual(new Set(["5,2"]));
    expect(revised.every(({ daysSinceOnset }) => daysSinceOnset !== undefined)).toBe(true);
    await database().setClock(DAY_ONE + 27 * HOUR);
    await world.run();
    await expectExactlyOnce(world, definition, "mag", DAY_ONE, DAY_ONE + 24 * HOUR);
    await expectExactlyOnce(world, definition, "mag-daily", DAY_ONE, DAY_ONE + 24 * HOUR);
  });

  it("use the whole random range, including its ends", async () => {
    const settings = { ...world.settings, minRecords: 2, paddingRange: 3 };
    world.put(config({ name: "mag", period: "1h" }));
    await database().setClock(DAY_ONE + 2 * HOUR);
    await world.run({ settings });
    const hours = Array.from({ length: 60 }, (_, hour) => DAY_ONE + hour * HOUR);
    await world.insert(hours.map((createdAt) => ({ id: `${createdAt}`, createdAt })));
    await database().setClock(DAY_ONE + 63 * HOUR);
    await world.run({ settings });
    expect(new Set(await sizes("mag"))).toEqual(new Set([2, 3, 4, 5]));
  });

  it("are not made for an empty window or one with enough keys", async () => {
    world.put(config({ name: "mag" }), config({ name: "empty", outputRegion: "NIX" }));
    await world.insert(
      Array.from({ length: 20 }, (_, index) => ({ id: `${index}`, createdAt: DAY_ONE })),
    );
    await database().setClock(DAY_ONE + 6 * HOUR);
    await world.run();
    expect(await sizes("mag")).toEqual([20]);
    expect(await world.index("empty")).toEqual([]);
    expect(await generated()).toEqual([]);
  });

  it("are also made for a window with only revised keys", async () => {
    world.put(config({ name: "mag" }));
    await world.insert([{ id: "a", createdAt: DAY_ONE - 9 * HOUR, revisedAt: DAY_ONE }]);
    await database().setClock(DAY_ONE + 6 * HOUR);
    await world.run();
    const [file] = await world.download("mag");
    expect(file?.file.revisedKeyCount).toBe(1);
    expect(file?.file.keyCount).toBeGreaterThanOrEqual(20);
  });

  it("are the same in all overlapping exports, whatever their periods and regions", async () => {
    const definitions = [
      config({ name: "long", period: "4h", rollup: "24h" }),
      config({ name: "short", period: "1h" }),
      config({ name: "wide", period: "2h", outputRegion: "ALL", inputRegions: ["MAG", "XYZ"] }),
      config({ name: "other", period: "1h", outputRegion: "XYZ" }),
      config({ name: "without", period: "4h", excludeRegions: ["XYZ"] }),
    ];
    world.put(...definitions);
    await database().setClock(DAY_ONE + 2 * HOUR);
    await world.run();
    for (let hour = 0; hour < 24; hour++) {
      await world.insert(
        Array.from({ length: (hour * 7) % 23 }, (_, index) => ({
          id: `${hour} ${index}`,
          createdAt: DAY_ONE + hour * HOUR,
          regions: index % 3 === 0 ? ["MAG", "XYZ"] : index % 3 === 1 ? ["XYZ"] : ["MAG"],
        })),
      );
      await database().setClock(DAY_ONE + (hour + 3) * HOUR);
      expect((await world.run()).failed).toBe(0);
    }
    expect((await generated()).length).toBeGreaterThan(0);
    for (const definition of definitions) {
      await expectExactlyOnce(world, definition, definition.name, DAY_ONE, DAY_ONE + 24 * HOUR);
    }
    await expectExactlyOnce(
      world,
      config({ name: "long" }),
      "long-daily",
      DAY_ONE,
      DAY_ONE + 24 * HOUR,
    );
    for (const { name } of definitions) {
      expect(Math.min(...await sizes(name)), name).toBeGreaterThanOrEqual(20);
    }
  });

  it.each(["1m", "30m", "1h"])(
    "are the same where periods of %s, shorter than TRUNCATE_WINDOW or not, overlap one of hours",
    async (period) => {
      const short = config({ name: "short", period });
      const long = config({ name: "long", outputRegion: "SUB" });
      world.put(short, long);
      await database().setClock(DAY_ONE + 2 * HOUR);
      await world.run();
      await world.insert(Array.from({ length: 30 }, (_, index) => ({
        id: `${index}`,
        createdAt: DAY_ONE + (index % 4) * HOUR,
        regions: index < 2 ? ["MAG", "SUB"] : ["MAG"],
      })));
      // The short windows are exported as they become due, the long one at the end.
      for (const minutes of [150, 210, 270, 330, 359, 360]) {
        await database().setClock(DAY_ONE + minutes * 60);
        expect((await world.run()).failed).toBe(0);
      }
      await expectExactlyOnce(world, short, "short", DAY_ONE, DAY_ONE + 4 * HOUR);
      await expectExactlyOnce(world, long, "long", DAY_ONE, DAY_ONE + 4 * HOUR);
      expect(Math.min(...await sizes("short"))).toBeGreaterThanOrEqual(20);
      expect(Math.min(...await sizes("long"))).toBeGreaterThanOrEqual(20);
    },
  );

  it.each([10_000, 100_000])("use the runtime's random numbers, %i at once", {
    timeout: 120_000,
  }, async (minRecords) => {
    const randomBytes = randomBytesOf(currentRuntime().crypto);
    world.put(config({ name: "mag" }));
    await world.insert([{ id: "a", createdAt: DAY_ONE }]);
    await database().setClock(DAY_ONE + 6 * HOUR);
    const settings = { ...world.settings, minRecords, paddingRange: 0 };
    expect(await world.run({ settings, randomBytes })).toMatchObject({ files: 1, failed: 0 });
    expect(await sizes("mag")).toEqual([minRecords]);
    const [row] = await database().sql<{ distinct: number }[]>`
      select count(distinct key) as distinct from exposure`;
    expect(row?.distinct).toBe(minRecords);
  });

  it("that cannot be made hold up only their own export, and are reported", async () => {
    world.put(config({ name: "mag" }), config({ name: "other", outputRegion: "XYZ" }));
    await world.insert([
      { id: "a", createdAt: DAY_ONE },
      ...Array.from({ length: 20 }, (_, index) => ({
        id: `${index}`,
        createdAt: DAY_ONE,
        regions: ["XYZ"],
      })),
    ]);
    await database().setClock(DAY_ONE + 6 * HOUR);
    const randomBytes = (length: number): Uint8Array => {
      if (length > 16) throw new Error("no entropy");
      return new Uint8Array(length);
    };
    expect(await world.run({ randomBytes })).toMatchObject({ files: 1, failed: 1 });
    expect(await sizes("other")).toEqual([20]);
    expect(world.events).toContainEqual(
      expect.objectContaining({ kind: "batch-failed", config: "mag" }),
    );
    const [batch] = await database().sql`
      select attempts, last_error, state from export_batch where config = 'mag'`;
    expect(batch).toEqual({ attempts: 1, last_error: "internal: internal error", state: "open" });
    expect(await world.run()).toMatchObject({ files: 1, failed: 0 });
    expect(Math.min(...await sizes("mag"))).toBeGreaterThanOrEqual(20);
  });
});

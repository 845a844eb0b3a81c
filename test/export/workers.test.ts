import { beforeEach, describe, expect, it } from "vitest";
import type { BlobStore } from "../../src/blob/blob.ts";
import { useDatabase } from "../support/database.ts";
import { expectExactlyOnce } from "./oracle.ts";
import { bytesOf, config, DAY_ONE, HOUR, openWorld, type World } from "./world.ts";

describe("several workers at once", () => {
  const database = useDatabase();
  let world: World;
  const rolled = config({ name: "b", period: "4h", rollup: "24h" });
  const other = config({ name: "c", period: "2h", outputRegion: "XYZ" });
  const definitions = [
    config({ name: "a", period: "1h" }),
    rolled,
    other,
    config({
      name: "d",
      period: "1h",
      outputRegion: "ALL",
      inputRegions: ["MAG", "XYZ"],
    }),
  ];

  beforeEach(async () => {
    world = await openWorld(database(), { minRecords: 4, paddingRange: 3, maxRecords: 5 });
    world.put(...definitions);
  });

  it.each([2, 4])("%i of them lose and repeat nothing", async (workers) => {
    await database().setClock(DAY_ONE + 2 * HOUR);
    await world.run();
    await world.insert(Array.from({ length: 60 }, (_, index) => ({
      id: `key ${index}`,
      createdAt: DAY_ONE + (index % 24) * HOUR,
      regions: index % 3 === 0 ? ["XYZ"] : index % 3 === 1 ? ["MAG"] : ["MAG", "XYZ"],
      ...(index % 5 === 0 ? { revisedAt: DAY_ONE + (index % 24) * HOUR } : {}),
    })));
    await database().setClock(DAY_ONE + 26 * HOUR);
    const summaries = await Promise.all(Array.from({ length: workers }, () => world.run()));
    summaries.push(await world.run());
    expect(summaries.map((one) => one.failed)).toEqual(summaries.map(() => 0));
    for (const definition of definitions) {
      await expectExactlyOnce(world, definition, definition.name, DAY_ONE, DAY_ONE + 24 * HOUR);
    }
    await expectExactlyOnce(world, rolled, "b-daily", DAY_ONE, DAY_ONE + 24 * HOUR);
  });

  it("do not work on the same output region, and take over a dead one's lease", async () => {
    await world.insert([{ id: "a", createdAt: DAY_ONE + 3 * HOUR, regions: ["MAG"] }]);
    await database().setClock(DAY_ONE + 6 * HOUR);
    const { leases } = world.dependencies();
    await leases.take("export:MAG", "somebody", 300);
    await world.run();
    expect(await world.index("a")).toEqual([]);
    expect(await world.index("d")).toBeDefined();
    await database().setClock(DAY_ONE + 6 * HOUR + 300);
    await world.run();
    expect(await world.index("a")).toBeDefined();
    expect(await world.index("b")).toBeDefined();
  });

  it("never lose an index line, even if an older worker stores its index late", async () => {
    const { indexes } = world.dependencies();
    const place = { bucket: "exports", root: "slow" };
    await database().setClock(DAY_ONE);
    const add = (number: number) =>
      database().sql`
        insert into export_file (bucket, name, root, batch, config, starts_at, ends_at, number,
                                 key_count, revised_key_count, byte_count, written_at)
        values ('exports', ${`slow/${number}.zip`}, 'slow', 1, 'x', 0, ${DAY_ONE}, ${number}, 1, 0, 1, 0)`;
    const store = async (names: readonly string[]) => {
      await world.blob.put(
        "exports",
        "slow/index.txt",
        new TextEncoder().encode(names.join("\n")),
        {
          contentType: "text/plain",
          cacheControl: "no-cache",
        },
      );
    };
    await add(1);
    let second: Promise<void> | undefined;
    await indexes.publish(place, 1000, async (names) => {
      await add(2);
      second = indexes.publish(place, 1000, store);
      // The second worker must wait until the first has stored its older list.
      const waits = async () => {
        const [row] = await database().sql<{ n: number }[]>`
          select count(*) as n from pg_locks where not granted`;
        return row?.n ?? 0;
      };
      while (await waits() === 0) { /* it is on its way to the lock */ }
      await store(names);
    });
    await second;
    const text = await bytesOf(world.blob, "slow/index.txt");
    expect(new TextDecoder().decode(text)).toBe("slow/1.zip\nslow/2.zip");
  });

  it("record nothing once another worker has their lease", async () => {
    await world.insert([{ id: "a", createdAt: DAY_ONE + 3 * HOUR, regions: ["XYZ"] }]);
    await database().setClock(DAY_ONE + 6 * HOUR);
    world.resources.delete("ExportConfig/d");
    const { leases } = world.dependencies();
    const blob: BlobStore = {
      ...world.blob,
      put: async (...file) => {
        await database().setClock(DAY_ONE + 7 * HOUR);
        await leases.take("export:XYZ", "the next one", 300);
        await world.blob.put(...file);
      },
    };
    expect(await world.run({ blob })).toMatchObject({ files: 0, failed: 0 });
    expect(await world.index("c")).toEqual([]);
    await leases.release("export:XYZ", "the next one");
    await world.run();
    await expectExactlyOnce(world, other, "c", DAY_ONE + 2 * HOUR, DAY_ONE + 4 * HOUR);
  });

  it("repeat nothing that another worker has finished meanwhile", async () => {
    await world.insert([{ id: "a", createdAt: DAY_ONE + 3 * HOUR, regions: ["XYZ"] }]);
    await database().setClock(DAY_ONE + 6 * HOUR);
    world.resources.delete("ExportConfig/d");
    let stolen = false;
    const blob: BlobStore = {
      ...world.blob,
      put: async (...file) => {
        if (!stolen && file[1].endsWith(".zip")) {
          stolen = true;
          await database().setClock(DAY_ONE + 7 * HOUR);
          expect(await world.run()).toMatchObject({ failed: 0 });
        }
        await world.blob.put(...file);
      },
    };
    expect(await world.run({ blob })).toMatchObject({ files: 0, failed: 0 });
    await expectExactlyOnce(world, other, "c", DAY_ONE + 2 * HOUR, DAY_ONE + 4 * HOUR);
  });
});

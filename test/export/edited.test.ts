import { beforeEach, describe, expect, it } from "vitest";
import type { BlobStore } from "../../src/blob/blob.ts";
import { AppError } from "../../src/errors.ts";
import { type ExportDependencies, runExport } from "../../src/export/run.ts";
import { useDatabase } from "../support/database.ts";
import { Killed, mortal } from "./mortal.ts";
import { expectExactlyOnce } from "./oracle.ts";
import { config, DAY_ONE, HOUR, openWorld, type TestKey, type World } from "./world.ts";

const SINCE = DAY_ONE;
const UNTIL = DAY_ONE + 4 * HOUR;

/** Keys of one window; the first `shared` also have the region SUB. */
const someKeys = (count: number, shared = 0): readonly TestKey[] =>
  Array.from({ length: count }, (_, index) => ({
    id: `key ${index}`,
    createdAt: SINCE + (index % 4) * HOUR,
    regions: index < shared ? ["MAG", "SUB"] : ["MAG"],
  }));

describe("a config edited during the export of a window", () => {
  const database = useDatabase();
  let world: World;
  const mag = config({ name: "mag" });
  const sub = config({ name: "sub", outputRegion: "SUB" });

  beforeEach(async () => {
    world = await openWorld(database(), { minRecords: 20, paddingRange: 5 });
    world.put(mag);
    await database().setClock(UNTIL + 2 * HOUR);
  });

  /** A store that runs a callback before it stores its first file. */
  const before = (first: () => Promise<unknown>): BlobStore => {
    let done = false;
    return {
      ...world.blob,
      put: async (...file) => {
        const [, name] = file;
        if (!done && name.endsWith(".zip")) {
          done = true;
          await first();
        }
        await world.blob.put(...file);
      },
    };
  };
  /** A run of another process, after this one's lease has expired. */
  const takenOver = async (changes: Partial<ExportDependencies> = {}): Promise<void> => {
    await database().setClock(UNTIL + 3 * HOUR);
    expect((await world.run(changes)).failed).toBe(0);
  };
  const stored = async (root: string): Promise<readonly string[]> => {
    const names: string[] = [];
    for await (const name of world.blob.list("exports", root)) names.push(name);
    return names.filter((name) => name.endsWith(".zip"));
  };

  it.each(["signed", "stored"])(
    "no key is lost when another worker exports the config before a file is %s",
    async (moment) => {
      await world.insert(someKeys(30, 2));
      let added = false;
      const add = async (): Promise<void> => {
        if (added) return;
        added = true;
        world.put(sub);
        expect((await world.run()).failed).toBe(0);
      };
      const keys = {
        ...world.keys,
        sign: async (...toSign: Parameters<typeof world.keys.sign>) => {
          if (moment === "signed") await add();
          return await world.keys.sign(...toSign);
        },
      };
      const blob = moment === "stored" ? before(add) : world.blob;
      expect((await world.run({ keys, blob })).failed).toBe(0);
      expect((await world.run()).failed).toBe(0);
      await expectExactlyOnce(world, mag, "mag", SINCE, UNTIL);
      await expectExactlyOnce(world, sub, "sub", SINCE, UNTIL);
    },
  );

  it("a config added later gets generated keys only where older exports can have them", async () => {
    await world.insert([...someKeys(30, 2), { id: "sub", createdAt: SINCE, regions: ["SUB"] }]);
    await world.run();
    world.put(sub);
    expect((await world.run()).failed).toBe(0);
    await expectExactlyOnce(world, mag, "mag", SINCE, UNTIL);
    await expectExactlyOnce(world, sub, "sub", SINCE, UNTIL);
    const [file] = await world.download("sub");
    expect(file?.file.keyCount).toBeGreaterThanOrEqual(20);
  });

  it("a config added later goes without generated keys where an older export would lack them", async () => {
    await world.insert(someKeys(30, 2));
    await world.run();
    world.put(sub);
    expect((await world.run()).failed).toBe(0);
    await expectExactlyOnce(world, mag, "mag", SINCE, UNTIL);
    await expectExactlyOnce(world, sub, "sub", SINCE, UNTIL);
  });

  it.each([[4, 10], [10, 4]])(
    "an upload of files of %i keys that completes after files of %i are listed does no harm",
    async (then, now) => {
      const settings = { ...world.settings, minRecords: 0 };
      world.put(config({ name: "mag", maxRecords: then }));
      await world.insert(someKeys(10));
      const blob = before(async () => {
        world.put(config({ name: "mag", maxRecords: now }));
        await takenOver({ settings });
      });
      expect(await world.run({ blob, settings })).toMatchObject({ files: 0, failed: 0 });
      await expectExactlyOnce(world, mag, "mag", SINCE, UNTIL);
    },
  );

  it("an abandoned upload may complete after the next one is listed", async () => {
    await world.insert(someKeys(30));
    let late: (() => Promise<void>) | undefined;
    const blob: BlobStore = {
      ...world.blob,
      put: (...file) => {
        late = () => world.blob.put(...file);
        return Promise.reject(new AppError("blob_unavailable", "no answer within 60000 ms"));
      },
    };
    expect(await world.run({ blob })).toMatchObject({ files: 0, failed: 1 });
    expect(world.events.at(-1)).toMatchObject({ kind: "batch-failed", config: "mag" });
    expect(await world.run()).toMatchObject({ files: 1, failed: 0 });
    await late?.();
    await expectExactlyOnce(world, mag, "mag", SINCE, UNTIL);
    expect(await world.index("mag")).toEqual([`mag/${SINCE}-${UNTIL}-00001.zip`]);
  });

  it("a plan is made again once retention may delete its files", async () => {
    await world.insert(someKeys(30));
    const blob: BlobStore = { ...world.blob, put: () => Promise.reject(new Error("no answer")) };
    await world.run({ blob });
    await database().setClock(UNTIL + 2 * HOUR + 12 * HOUR);
    expect(await world.run()).toMatchObject({ files: 1, failed: 0 });
    expect(await world.index("mag")).toEqual([`mag/${SINCE}-${UNTIL}-00002.zip`]);
    await expectExactlyOnce(world, mag, "mag", SINCE, UNTIL);
  });

  it("files planned a day ago are not recorded, because retention may have deleted them", async () => {
    await world.insert(someKeys(30));
    const blob = before(() => database().setClock(UNTIL + 2 * HOUR + 23 * HOUR));
    expect(await world.run({ blob })).toMatchObject({ files: 1, failed: 0 });
    expect(await world.index("mag")).toEqual([`mag/${SINCE}-${UNTIL}-00002.zip`]);
    await expectExactlyOnce(world, mag, "mag", SINCE, UNTIL);
  });

  it.each([
    ["the rules", config({ name: "mag", inputRegions: ["MAG", "SUB"] })],
    ["the output region", config({ name: "mag", outputRegion: "SUB", inputRegions: ["MAG"] })],
    ["the place", config({ name: "mag", filenameRoot: "moved" })],
    ["the number of keys in a file", config({ name: "mag", maxRecords: 7 })],
  ])("%s: each key is still in one file", async (_, changed) => {
    await world.insert([...someKeys(30, 2), { id: "sub", createdAt: SINCE, regions: ["SUB"] }]);
    const blob = before(async () => {
      world.put(changed);
      await takenOver();
    });
    expect(await world.run({ blob })).toMatchObject({ files: 0, failed: 0 });
    await expectExactlyOnce(world, changed, changed.filenameRoot, SINCE, UNTIL);
  });

  it("a worker that continues after the edit changes nothing", async () => {
    await world.insert(someKeys(30));
    const blob = before(() => Promise.resolve(world.put(config({ name: "mag", maxRecords: 7 }))));
    expect(await world.run({ blob })).toMatchObject({ files: 1, failed: 0 });
    expect(await world.run()).toMatchObject({ files: 0, failed: 0 });
    await expectExactlyOnce(world, mag, "mag", SINCE, UNTIL);
  });

  it("retention knows files that no index will name, wherever the worker died", {
    timeout: 240_000,
  }, async () => {
    await world.insert(someKeys(30));
    world.resources.delete("ExportConfig/mag");
    let orphans = 0;
    for (let dieAt = 1, deaths = 0; deaths === dieAt - 1; dieAt++) {
      const name = `life-${dieAt}`;
      await database().setClock(UNTIL + 2 * HOUR);
      world.put(config({ name, maxRecords: 8 }));
      const life = mortal(world.dependencies(), dieAt);
      await runExport(life.dependencies, new AbortController().signal).then(
        () => undefined,
        (error: unknown) => {
          if (!(error instanceof Killed)) throw error;
          deaths += 1;
        },
      );
      const moved = config({ name, filenameRoot: `${name}-moved`, maxRecords: 7 });
      world.put(moved);
      await takenOver();
      world.resources.delete(`ExportConfig/${name}`);
      const roots = [name, moved.filenameRoot];
      const listed = (await Promise.all(roots.map((root) => world.index(root)))).flat();
      const known = new Map(
        (await database().sql<{ name: string; unlisted_at: number | null }[]>`
          select name, unlisted_at from export_file where root in ${database().sql(roots)}`)
          .map((row) => [row.name, row.unlisted_at]),
      );
      for (const file of await stored(`${name}`)) {
        expect([...known.keys()], `death at step ${dieAt}`).toContain(file);
        if (!listed.includes(file)) orphans += 1;
        // Retention keeps it for as long as a worker may still write it.
        expect(known.get(file) === null).toBe(listed.includes(file));
        expect(known.get(file) ?? UNTIL + 2 * HOUR).toBeGreaterThanOrEqual(UNTIL + 2 * HOUR);
      }
    }
    expect(orphans).toBeGreaterThan(20);
  });
});

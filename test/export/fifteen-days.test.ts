import { describe, expect, it } from "vitest";
import { publishIndex } from "../../src/export/publish-index.ts";
import { runRetention } from "../../src/retention/run.ts";
import { retentionStore } from "../../src/store/retention.ts";
import { useDatabase } from "../support/database.ts";
import { config, DAY, DAY_ONE, HOUR, openWorld } from "./world.ts";

describe("more than fifteen days of exports and retention", () => {
  const database = useDatabase();

  it(
    "leave exactly the expected keys, files and index lines",
    { timeout: 60_000 },
    async () => {
      const world = await openWorld(database());
      const definition = config({ name: "mag", period: "12h" });
      world.put(definition);
      await database().setClock(DAY_ONE + 2 * HOUR);
      await world.run();
      const signal = new AbortController().signal;
      const halfDays = 36;
      let now = 0;
      for (let half = 1; half <= halfDays; half++) {
        const end = DAY_ONE + half * DAY / 2;
        await world.insert([{ id: `half ${half}`, createdAt: end - HOUR }]);
        now = end + 2 * HOUR;
        await database().setClock(now);
        expect(await world.run()).toMatchObject({ files: 1, failed: 0 });
        await runRetention({
          store: retentionStore(database()),
          blob: world.blob,
          settings: world.settings,
          agreedTime: world.dependencies().agreedTime,
          publishIndex: (place) => publishIndex(world.dependencies(), place),
          report: () => {},
        }, signal);
        // A phone that has an index of up to a day ago can still fetch all of it.
        for (const name of await world.index("mag") ?? []) {
          expect(await world.blob.head("exports", name), name).toBeDefined();
        }
      }
      const ends = Array.from({ length: halfDays }, (_, half) => DAY_ONE + (half + 1) * DAY / 2);
      const nameOf = (end: number): string => `mag/${end - DAY / 2}-${end}-00001.zip`;
      const ttl = world.settings.cleanupTtlSeconds;
      expect(await world.index("mag")).toEqual(
        ends.filter((end) => end > now - ttl).map(nameOf),
      );

      const rows = await database().sql<{ at: number }[]>`
      select created_at as at from exposure order by 1`;
      expect(rows.map((row) => row.at))
        .toEqual(ends.map((end) => end - HOUR).filter((at) => at >= now - ttl));

      const stored: string[] = [];
      for await (const name of world.blob.list("exports", "mag/")) stored.push(name);
      // The first run at or after end + CLEANUP_TTL drops it from the index; it stays stored for 25 more hours.
      const runs = ends.map((end) => end + 2 * HOUR);
      const kept = ends.filter((end) => {
        const unlisted = runs.find((run) => run >= end + ttl);
        return unlisted === undefined || !runs.some((run) => run >= unlisted + 25 * HOUR);
      });
      expect(stored.toSorted()).toEqual([...kept.map(nameOf), "mag/index.txt"].toSorted());
      expect(stored.length).toBeLessThan(halfDays);

      const [batches] = await database().sql<
        { n: number }[]
      >`select count(*) as n from export_batch`;
      expect(batches?.n).toBe(kept.length);
    },
  );
});

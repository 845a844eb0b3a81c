import { beforeEach, describe, expect, it } from "vitest";
import { agreedTime } from "../../src/store/agreed-time.ts";
import { type Clocks, compareClocks } from "../../src/store/clocks.ts";
import { exportIndexes } from "../../src/store/export/index-file.ts";
import { closedWindowWatermark } from "../../src/store/exposure/closed-window-watermark.ts";
import { publishStore } from "../../src/store/publish/publish.ts";
import { useDatabase } from "../support/database.ts";
import { type HandClock, handClock, STEPS } from "../support/steps.ts";
import { config, DAY_ONE, HOUR, openWorld, type World } from "./world.ts";

const NOON = DAY_ONE + 12 * HOUR;
const WINDOWS = { windowSeconds: HOUR, graceSeconds: 60 };

describe("runExport() with clocks that differ", () => {
  const database = useDatabase();
  let world: World;
  let clock: HandClock;
  let clocks: Clocks;

  beforeEach(async () => {
    world = await openWorld(database());
    world.put(config({ name: "mag" }));
    clock = handClock(NOON + 2 * HOUR);
    clocks = compareClocks(clock);
    await database().setClock(clock.seconds);
  });

  const run = () =>
    world.run({
      agreedTime: agreedTime(database(), clocks),
      watermark: closedWindowWatermark(database(), WINDOWS, clocks),
      indexes: exportIndexes(database(), clocks),
    });
  const floor = async (): Promise<unknown> =>
    (await database().sql`select closed_through, next_closed_through from window_floor`)[0];

  it.each(STEPS)("closes nothing when the database's clock is %i s off", async (step) => {
    await run();
    const before = await floor();
    await database().setClock(clock.seconds + step);
    await expect(run()).rejects.toMatchObject({ code: "clocks_apart" });
    expect(await closedWindowWatermark(database(), WINDOWS, clocks).closedThrough())
      .toBe(NOON + HOUR);
    expect(await floor()).toEqual(before);
  });

  it.each(STEPS)("closes nothing when both clocks step by %i s", async (step) => {
    await run();
    const before = await floor();
    clock.seconds += step;
    await database().setClock(clock.seconds);
    await expect(run()).rejects.toMatchObject({ code: "clocks_apart" });
    expect(await floor()).toEqual(before);
  });

  it.each(STEPS)("unlists no file when the database's clock is %i s off", async (step) => {
    await world.insert([{ id: "a", createdAt: NOON - HOUR }]);
    await run();
    const [line] = await world.index("mag") ?? [];
    await database().setClock(clock.seconds + step);
    const names: string[] = [];
    await exportIndexes(database(), clocks).publish(
      { bucket: "exports", root: "mag" },
      world.settings.cleanupTtlSeconds,
      (found) => {
        names.push(...found);
        return Promise.resolve();
      },
    );
    expect(names).toEqual([line]);
  });

  it.each(STEPS)(
    "holds back a key that is valid by either clock when the database's clock is %i s off",
    async (step) => {
      const end = (DAY_ONE + 24 * HOUR) / 600;
      await database().setClock(clock.seconds + step);
      await publishStore(
        database(),
        { windowSeconds: HOUR, releaseSameDayKeys: false },
        clocks.processSeconds,
      ).insertAll({
        keys: [{
          key: new Uint8Array(16).fill(1),
          hex: "01".repeat(16),
          intervalNumber: end - 144,
          intervalCount: 144,
          transmissionRisk: 2,
          daysSinceOnset: 0,
        }],
        reportType: "confirmed",
        regions: [],
        traveler: false,
        healthAuthority: "mag",
        issuer: undefined,
      }, undefined);
      const [row] = await database().sql<{ at: number }[]>`
        select created_at as at from exposure`;
      expect(row?.at).toBeGreaterThanOrEqual(DAY_ONE + 25 * HOUR);
    },
  );
});

import { beforeEach, describe, expect, it } from "vitest";
import { memoryBlobStore } from "../../src/blob/memory.ts";
import { type RetentionEvent, runRetention } from "../../src/retention/run.ts";
import { agreedTime } from "../../src/store/agreed-time.ts";
import { compareClocks } from "../../src/store/clocks.ts";
import { retentionStore } from "../../src/store/retention.ts";
import { useDatabase } from "../support/database.ts";
import { type HandClock, handClock, STEPS } from "../support/steps.ts";

const NOW = 1_700_000_000;
const TTL = 14 * 86_400;

describe("runRetention() when clocks differ", () => {
  const database = useDatabase();
  let clock: HandClock;
  let run: () => Promise<unknown>;
  let reports: RetentionEvent[];

  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOW);
    clock = handClock(NOW);
    reports = [];
    const time = agreedTime(database(), compareClocks(clock));
    run = () =>
      runRetention({
        store: retentionStore(database()),
        agreedTime: time,
        blob: memoryBlobStore(),
        settings: { cleanupTtlSeconds: TTL },
        publishIndex: () => Promise.resolve(),
        report: (event) => reports.push(event),
      }, new AbortController().signal);
    await database().sql`
      insert into exposure (key, interval_number, interval_count, transmission_risk, report_type,
                            regions, traveler, created_at)
      select decode(md5(age::text), 'hex'), 1, 144, 2, 'confirmed', '{MAG}', false, ${NOW} - age
      from unnest(array[0, 86400, 1100000, 1209601]) as age`;
  });
  const left = async (): Promise<number> => (await database().sql`select from exposure`).count;

  it.each(STEPS)("deletes nothing when the database's clock is %i s off", async (step) => {
    await database().setClock(NOW + step);
    await expect(run()).rejects.toMatchObject({
      code: "clocks_apart",
      message: expect.stringMatching(/^the database's clock is \d+ s (ahead|behind) .* NTP/),
    });
    expect(await left()).toBe(4);
    await database().setClock(NOW);
    expect(await run()).toMatchObject({ exposures: 1 });
  });

  it.each(STEPS)("deletes nothing when the process's clock is %i s off", async (step) => {
    clock.seconds += step;
    await expect(run()).rejects.toMatchObject({ code: "clocks_apart" });
    expect(await left()).toBe(4);
  });

  it.each(STEPS)("deletes nothing when both clocks step by %i s while it runs", async (step) => {
    await run();
    clock.seconds += step;
    await database().setClock(NOW + step);
    await expect(run()).rejects.toMatchObject({
      code: "clocks_apart",
      message: expect.stringContaining("jumped"),
    });
    expect(await left()).toBe(3);
  });

  it("reports windows with an incomplete export before it deletes their keys", async () => {
    await database().sql`
      insert into resource values ('ExportConfig', 'slow', 1, '{}', 0), ('ExportConfig', 'mag', 1, '{}', 0)`;
    await database().sql`
      insert into export_schedule (config, series, reached)
      values ('slow', 'period', ${
      NOW - TTL - 7200
    }), ('mag', 'period', ${NOW}), ('gone', 'period', 0)`;
    await database().sql`
      insert into export_batch (config, series, starts_at, ends_at, state, made_at)
      values ('mag', 'period', ${NOW - TTL - 3600}, ${NOW - TTL + 3600}, 'padded', 0)`;
    await run();
    expect(reports.slice(0, 2)).toEqual([
      {
        kind: "window-unexported",
        config: "slow",
        startsAt: NOW - TTL - 7200,
        endsAt: NOW - TTL,
      },
      {
        kind: "window-unexported",
        config: "mag",
        startsAt: NOW - TTL - 3600,
        endsAt: NOW - TTL + 3600,
      },
    ]);
  });
});

import { beforeEach, describe, expect, it } from "vitest";
import { closedWindowWatermark } from "../../../src/store/exposure/closed-window-watermark.ts";
import { currentWindowSql } from "../../../src/store/exposure/window-sql.ts";
import { TRUSTED_CLOCKS } from "../../support/trusted-clocks.ts";
import { useDatabase } from "../../support/database.ts";

const HOUR = 3600;
const NOON = 1_700_000_000 - (1_700_000_000 % HOUR);
const settings = { windowSeconds: HOUR, graceSeconds: 60 };

describe("closedWindowWatermark()", () => {
  const database = useDatabase();

  beforeEach(() => database().clear());

  const insert = (key: number) =>
    database().sql.unsafe<{ created_at: number }[]>(`
      insert into exposure (key, interval_number, interval_count, transmission_risk, report_type, regions, traveler, created_at)
      values (decode(lpad(to_hex(${key}), 32, '0'), 'hex'), 1, 144, 2, 'confirmed', '{MAG}', false, ${
      currentWindowSql(HOUR)
    }) returning created_at`);

  it("keeps a window open until its grace is over", async () => {
    await database().setClock(NOON + 59);
    expect(await closedWindowWatermark(database(), settings, TRUSTED_CLOCKS).closedThrough()).toBe(
      NOON - HOUR,
    );
    await database().setClock(NOON + 60);
    expect(await closedWindowWatermark(database(), settings, TRUSTED_CLOCKS).closedThrough()).toBe(
      NOON,
    );
  });

  it("never writes into a closed window when the clock steps back an hour", async () => {
    await database().setClock(NOON + 60);
    await closedWindowWatermark(database(), settings, TRUSTED_CLOCKS).closedThrough();
    await database().setClock(NOON - HOUR);
    const [row] = await insert(1);
    expect(row?.created_at).toBe(NOON);
    expect(await closedWindowWatermark(database(), settings, TRUSTED_CLOCKS).closedThrough()).toBe(
      NOON,
    );
  });

  it("waits for a transaction that was writing when the floor was announced", async () => {
    await database().setClock(NOON - 1);
    const writer = await database().sql.reserve();
    await writer`begin`;
    await writer.unsafe(`lock table exposure in row exclusive mode`);
    await database().setClock(NOON + 60);
    const closing = closedWindowWatermark(database(), settings, TRUSTED_CLOCKS).closedThrough();
    const announced = async () => {
      const [row] = await database().sql<{ next: number }[]>`
        select next_closed_through as next from window_floor`;
      return row?.next;
    };
    while (await announced() !== NOON) { /* the announcement is a statement away */ }
    const [before] = await database().sql<{ closed: number }[]>`
      select closed_through as closed from window_floor`;
    expect(before?.closed).toBe(0);
    await writer`commit`;
    writer.release();
    expect(await closing).toBe(NOON);
  });
});

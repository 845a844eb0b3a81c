import { beforeEach, describe, expect, it } from "vitest";
import { leases } from "../../src/store/lease.ts";
import { holdLease, type Ticker } from "../../src/store/lease-hold.ts";
import { useDatabase } from "../support/database.ts";

const NOW = 1_700_000_000;
const LENGTH = 300;

describe("leases()", () => {
  const database = useDatabase();

  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOW);
  });

  const take = (holder: string): Promise<boolean> =>
    leases(database()).take("work", holder, LENGTH);

  it("gives a name to one holder at a time, even under concurrent requests", async () => {
    const holders = Array.from({ length: 12 }, (_, index) => `h${index}`);
    const taken = await Promise.all(holders.map(take));
    expect(taken.filter((one) => one)).toEqual([true]);
    expect(await leases(database()).take("other", "h0", LENGTH)).toBe(true);
  });

  it("lets the holder take back its own lease, for its whole length", async () => {
    expect(await take("a")).toBe(true);
    await database().setClock(NOW + 200);
    expect(await take("a")).toBe(true);
    await database().setClock(NOW + LENGTH);
    expect(await take("b")).toBe(false);
  });

  it("ends at its expiry and not a second earlier", async () => {
    await take("a");
    await database().setClock(NOW + LENGTH - 1);
    expect(await take("b")).toBe(false);
    await database().setClock(NOW + LENGTH);
    expect(await take("b")).toBe(true);
    expect(await leases(database()).renew("work", "a", LENGTH)).toBe(false);
  });

  it("ends when the clock is set back, because no lease can last that long", async () => {
    await take("a");
    await database().setClock(NOW - 3600);
    expect(await take("b")).toBe(true);
  });

  it("lasts from its renewal on", async () => {
    await take("a");
    await database().setClock(NOW + 200);
    expect(await leases(database()).renew("work", "a", LENGTH)).toBe(true);
    await database().setClock(NOW + 200 + LENGTH - 1);
    expect(await take("b")).toBe(false);
    expect(await leases(database()).renew("work", "b", LENGTH)).toBe(false);
  });

  it("can only be released by its holder", async () => {
    await take("a");
    await leases(database()).release("work", "b");
    expect(await take("b")).toBe(false);
    await leases(database()).release("work", "a");
    expect(await take("b")).toBe(true);
  });
});

describe("holdLease()", () => {
  const database = useDatabase();

  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOW);
  });

  /** A timer that the test ticks, and whose work it can await. */
  const handTicker = () => {
    let action: (() => void) | undefined;
    const periods: number[] = [];
    const ticker: Ticker = (milliseconds, act) => {
      periods.push(milliseconds);
      action = act;
      return () => {
        action = undefined;
      };
    };
    return { ticker, periods, tick: () => action?.(), ticks: () => action !== undefined };
  };

  it("renews three times in the length of the lease, until it is released", async () => {
    const store = leases(database());
    const hand = handTicker();
    let renewed: Promise<boolean> | undefined;
    const watched = {
      ...store,
      renew: (...args: Parameters<typeof store.renew>) => renewed = store.renew(...args),
    };
    const held = await holdLease(watched, "work", "a", LENGTH, hand.ticker);
    expect(hand.periods).toEqual([LENGTH * 1000 / 3]);
    await database().setClock(NOW + 299);
    hand.tick();
    await renewed;
    await database().setClock(NOW + 598);
    expect(await store.take("work", "b", LENGTH)).toBe(false);
    expect(await holdLease(store, "work", "b", LENGTH, hand.ticker)).toBeUndefined();
    await held?.release();
    expect(hand.ticks()).toBe(false);
    expect(await store.take("work", "b", LENGTH)).toBe(true);
  });

  it("aborts when another holder has taken the lease", async () => {
    const store = leases(database());
    const hand = handTicker();
    const held = await holdLease(store, "work", "a", LENGTH, hand.ticker);
    await database().setClock(NOW + LENGTH);
    await store.take("work", "b", LENGTH);
    const lost = new Promise((resolve) => held?.lost.addEventListener("abort", resolve));
    hand.tick();
    await lost;
    expect(held?.lost.reason).toMatchObject({
      code: "canceled",
      message: "the lease work was lost",
    });
    expect(hand.ticks()).toBe(false);
    await held?.release();
    expect(await store.take("work", "c", LENGTH)).toBe(false);
  });

  it("counts as lost when it could not be renewed for its whole length", async () => {
    const store = leases(database());
    const hand = handTicker();
    const down = { ...store, renew: () => Promise.reject(new Error("no database")) };
    const held = await holdLease(down, "work", "a", LENGTH, hand.ticker);
    const settled = () => new Promise((resolve) => setImmediate(resolve));
    hand.tick();
    await settled();
    hand.tick();
    await settled();
    expect(held?.lost.aborted).toBe(false);
    hand.tick();
    await settled();
    expect(held?.lost.aborted).toBe(true);
  });
});

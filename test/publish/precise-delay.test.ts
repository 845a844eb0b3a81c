import { describe, expect, it } from "vitest";
import { preciseDelay } from "../../src/publish/precise-delay.ts";

/** Time in which a timer is late or early by `timerErrorMs`, and a turn of the event loop takes 0.01 ms. */
function fakeTime(timerErrorMs = 0) {
  const time = { now: 0, sleeps: [] as number[], turns: 0 };
  const timers: { at: number; wake: () => void }[] = [];
  const turns: (() => void)[] = [];
  const delay = preciseDelay({
    elapsedMs: () => time.now,
    sleep: (milliseconds) => {
      time.sleeps.push(milliseconds);
      const at = time.now + milliseconds + timerErrorMs;
      return new Promise<void>((wake) => timers.push({ at, wake }));
    },
    turn: (then) => turns.push(then),
  });
  /** Lets time pass until nobody waits. */
  const run = async () => {
    for (;;) {
      for (let round = 0; round < 10; round++) await Promise.resolve();
      if (turns.length > 0) {
        time.now += 0.01;
        time.turns += turns.length;
        for (const then of turns.splice(0)) then();
      } else {
        timers.sort((left, right) => left.at - right.at);
        const next = timers.shift();
        if (next === undefined) return;
        time.now = Math.max(time.now, next.at);
        next.wake();
      }
    }
  };
  return { time, delay, run };
}

describe("preciseDelay()", () => {
  it.each([0, -1, 0.9])(
    "waits to the hundredth of a millisecond when timers err by %d",
    async (error) => {
      for (const wanted of [0.3, 1, 1.5, 2.72, 7.999, 20.01, 999.5]) {
        const { time, delay, run } = fakeTime(error);
        const waited = delay(wanted).then(() => time.now);
        await run();
        expect(await waited - wanted).toBeGreaterThanOrEqual(0);
        expect(await waited - wanted).toBeLessThan(0.011);
      }
    },
  );

  it("takes all whole milliseconds but the last by timer", async () => {
    const { time, delay, run } = fakeTime();
    const waited = delay(100.25);
    await run();
    await waited;
    expect(time.sleeps).toEqual([99]);
    expect(time.turns).toBeLessThan(130);
  });

  it("does not wait at all for what is past", async () => {
    const { time, delay } = fakeTime();
    await delay(0);
    await delay(-5);
    expect([time.sleeps, time.turns]).toEqual([[], 0]);
  });

  it("takes one turn at a time for all who wait, each ending at its own time", async () => {
    const { time, delay, run } = fakeTime();
    const ends: number[] = [];
    const waits = Array.from({ length: 100 }, async (_, index) => {
      await delay(1 + index / 100);
      ends.push(time.now);
    });
    await run();
    await Promise.all(waits);
    expect(ends).toHaveLength(100);
    ends.forEach((end, index) => expect(end).toBeCloseTo(1 + index / 100, 1));
    expect(time.turns).toBeLessThan(205);
    // And again, once nobody waits any more.
    const last = delay(1.5);
    const before = time.now;
    await run();
    await last;
    expect(time.now - before).toBeCloseTo(1.5, 1);
  });
});

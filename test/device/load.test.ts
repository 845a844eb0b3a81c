import { expect, test } from "vitest";
import { type LoadPlan, percentiles, runLoad } from "../../src/device/load.ts";

/** A plan on a clock that only sleep() advances. */
function plan(options: Partial<LoadPlan>): { plan: LoadPlan; now: () => number } {
  let now = 0;
  return {
    now: () => now,
    plan: {
      count: 10,
      perSecond: 100,
      maxInFlight: 100,
      signal: new AbortController().signal,
      clockMs: () => now,
      sleepMs: (milliseconds) => {
        now += milliseconds;
        return Promise.resolve();
      },
      ...options,
    },
  };
}

test("runLoad() starts each request when it is due", async () => {
  const { plan: even, now } = plan({ count: 4 });
  const begun: number[] = [];
  const result = await runLoad(even, () => Promise.resolve(0), () => {
    begun.push(now());
    return Promise.resolve("200");
  });
  expect(begun).toEqual([0, 10, 20, 30]);
  expect(result.outcomes).toEqual({ "200": 4 });
});

test("runLoad() includes the wait caused by a slow server in the latency", async () => {
  let now = 0;
  const { plan: slow } = plan({ count: 3, maxInFlight: 1, clockMs: () => now });
  const result = await runLoad(
    { ...slow, sleepMs: (milliseconds) => Promise.resolve(void (now += milliseconds)) },
    () => Promise.resolve(0),
    async () => {
      const begun = now;
      await Promise.resolve();
      now = Math.max(now, begun + 100);
      return "200";
    },
  );
  expect(result.latencyMs).toEqual({ p50: 190, p90: 280, p99: 280, max: 280 });
  expect(result.seconds).toBe(0.3);
});

test("runLoad() prepares exactly one request for each", async () => {
  const { plan: many } = plan({ count: 100 });
  let prepared = 0;
  const sent: number[] = [];
  await runLoad(many, () => Promise.resolve(prepared++), (one) => {
    sent.push(one);
    return Promise.resolve(one % 2 === 0 ? "200" : "429 overloaded");
  });
  expect(prepared).toBe(100);
  expect(sent).toEqual(Array.from({ length: 100 }, (_, index) => index));
});

test("runLoad() ends early when the signal aborts", async () => {
  const stop = new AbortController();
  const { plan: endless } = plan({ count: 1_000_000, signal: stop.signal });
  let begun = 0;
  const result = await runLoad(endless, () => Promise.resolve(0), () => {
    if (++begun === 5) stop.abort();
    return Promise.resolve("200");
  });
  expect(result.outcomes).toEqual({ "200": 5 });
});

test("runLoad() fails when requests cannot be prepared", async () => {
  const { plan: short } = plan({ count: 3 });
  const failing = runLoad(
    short,
    () => Promise.reject(new Error("no key")),
    () => Promise.resolve(""),
  );
  await expect(failing).rejects.toThrow("no key");
});

test("percentiles() uses the nearest rank", () => {
  const values = Array.from({ length: 200 }, (_, index) => 200 - index);
  expect(percentiles(values)).toEqual({ p50: 100, p90: 180, p99: 198, max: 200 });
  expect(percentiles([])).toEqual({ p50: 0, p90: 0, p99: 0, max: 0 });
});

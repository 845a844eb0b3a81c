import { describe, expect, it } from "vitest";
import { rateLimit } from "../../federation/rate.ts";
import { retryDelayMs } from "../../federation/schedule/retry.ts";

describe("retryDelayMs()", () => {
  it.each([
    [1, 0, 1000],
    [1, 0.999999, 2000],
    [2, 0, 2000],
    [3, 0.5, 6000],
    [10, 0, 450_000],
    [10, 0.999999, 900_000],
    [1_000_000, 0.5, 675_000],
  ])("after %i failures, at random %d: %i ms", (failures, random, delay) => {
    expect(retryDelayMs(failures, random)).toBe(delay);
  });

  it("stays between a second and a quarter of an hour", () => {
    for (let failures = 1; failures < 100; failures++) {
      for (const random of [0, 0.3, 0.999]) {
        const delay = retryDelayMs(failures, random);
        expect(delay).toBeGreaterThanOrEqual(1000);
        expect(delay).toBeLessThanOrEqual(900_000);
      }
    }
  });
});

describe("rateLimit()", () => {
  it("lets through what the rate allows, over any time", () => {
    const clock = { ms: 0 };
    const rate = rateLimit(() => clock.ms);
    let through = 0;
    for (; clock.ms < 60_000; clock.ms += 10) {
      if (rate.waitMs("a", 100) > 0) continue;
      rate.use("a", 100, 7);
      through += 7;
    }
    expect(through).toBeGreaterThan(100 * 59);
    expect(through).toBeLessThan(100 * 62);
  });

  it("makes a page that is larger than the rate wait afterwards, and nobody else", () => {
    const clock = { ms: 0 };
    const rate = rateLimit(() => clock.ms);
    expect(rate.waitMs("a", 100)).toBe(0);
    rate.use("a", 100, 1000);
    expect(rate.waitMs("a", 100)).toBe(9001);
    expect(rate.waitMs("b", 100)).toBe(0);
    clock.ms += 9000;
    expect(rate.waitMs("a", 100)).toBe(1);
    clock.ms += 1;
    expect(rate.waitMs("a", 100)).toBe(0);
  });

  it("does not save up", () => {
    const clock = { ms: 1_000_000 };
    const rate = rateLimit(() => clock.ms);
    rate.use("a", 10, 10);
    expect(rate.waitMs("a", 10)).toBe(1);
  });

  it("makes nobody wait longer for what was used under another rate", () => {
    const rate = rateLimit(() => 0);
    rate.use("lower", 10_000, 20_000);
    expect(rate.waitMs("lower", 10_000)).toBe(1001);
    expect(rate.waitMs("lower", 10)).toBe(1001);
    rate.use("higher", 10, 2000);
    expect(rate.waitMs("higher", 10)).toBe(199_001);
    expect(rate.waitMs("higher", 1000)).toBe(1001);
  });
});

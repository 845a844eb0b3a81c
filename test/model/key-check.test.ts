import { describe, expect, it } from "vitest";
import { asSeconds } from "../../src/model/ids.ts";
import { keyFault, keySetFault, type SentKey } from "../../src/model/key-check.ts";

const NOW = asSeconds(2_900_000 * 600 + 300);
const AGE = 360 * 3600;
const good: SentKey = {
  keyBytes: 16,
  intervalNumber: 2_900_000 - 144,
  intervalCount: 144,
  transmissionRisk: 0,
};

describe("keyFault()", () => {
  it.each<[string, Partial<SentKey>, string | undefined]>([
    ["a good key", {}, undefined],
    ["no base64", { keyBytes: undefined }, "key must be base64 of 16 bytes"],
    ["15 bytes", { keyBytes: 15 }, "key must be base64 of 16 bytes"],
    ["17 bytes", { keyBytes: 17 }, "key must be base64 of 16 bytes"],
    ["period 0", { intervalCount: 0 }, "rollingPeriod 0 must be 1 to 144"],
    ["period 1", { intervalCount: 1 }, undefined],
    ["period 145", { intervalCount: 145 }, "rollingPeriod 145 must be 1 to 144"],
    ["period −1", { intervalCount: -1 }, "rollingPeriod -1 must be 1 to 144"],
    ["risk 8", { transmissionRisk: 8 }, undefined],
    ["risk 9", { transmissionRisk: 9 }, "transmissionRisk 9 must be 0 to 8"],
    ["risk −1", { transmissionRisk: -1 }, "transmissionRisk -1 must be 0 to 8"],
    ["start in the current interval", { intervalNumber: 2_900_000 }, undefined],
    [
      "start in the next interval",
      { intervalNumber: 2_900_001 },
      "rollingStartNumber 2900001 lies in the future: the current interval is 2900000",
    ],
    [
      "just young enough",
      { intervalNumber: 2_900_000 - 2160 - 144, intervalCount: 144 },
      undefined,
    ],
    [
      "just too old",
      { intervalNumber: 2_900_000 - 2160 - 145, intervalCount: 144 },
      "too old: valid until interval 2897839, must be 2897840 or later",
    ],
    [
      "start 0",
      { intervalNumber: 0 },
      "too old: valid until interval 144, must be 2897840 or later",
    ],
    [
      "the smallest start",
      { intervalNumber: -(2 ** 31) },
      "too old: valid until interval -2147483504, must be 2897840 or later",
    ],
  ])("%s", (_, change, fault) => {
    expect(keyFault({ ...good, ...change }, NOW, AGE)).toBe(fault);
  });

  it("counts the age in whole intervals: to the end of the interval in which the limit is reached", () => {
    const now = 2_900_000 * 600;
    const key = { ...good, intervalNumber: 2_900_000 - 2160 - 144 };
    expect(keyFault(key, asSeconds(now), AGE)).toBeUndefined();
    expect(keyFault(key, asSeconds(now + 599), AGE)).toBeUndefined();
    expect(keyFault(key, asSeconds(now + 600), AGE)).toMatch(/^too old/);
  });
});

const set = (...spans: readonly [start: number, period: number, id?: string][]) =>
  spans.map(([intervalNumber, intervalCount, id], index) => ({
    index,
    id: id ?? `key-${index}`,
    intervalNumber,
    intervalCount,
  }));

describe("keySetFault()", () => {
  it("takes an empty set", () => {
    expect(keySetFault([], 3)).toBeUndefined();
  });

  it("takes keys one after the other, in any order", () => {
    expect(keySetFault(set([288, 144], [0, 144], [144, 144]), 3)).toBeUndefined();
  });

  it("takes as many keys with the same start as allowed, whatever their periods", () => {
    expect(keySetFault(set([0, 144], [0, 10], [0, 20], [144, 1]), 3)).toBeUndefined();
  });

  it("refuses one more with the same start", () => {
    expect(keySetFault(set([0, 1], [0, 2], [0, 3], [0, 4]), 3)).toEqual({
      index: 3,
      reason: "more than 3 keys start at interval 0",
    });
  });

  it("refuses an overlap of keys with different starts", () => {
    expect(keySetFault(set([0, 144], [143, 144]), 3)).toEqual({
      index: 1,
      reason:
        "key 1 starts at interval 143, before the end 144 of a key that starts at 0: keys that overlap must start at the same interval",
    });
  });

  it("refuses an overlap with the longest of several keys with the same start, not the last", () => {
    expect(keySetFault(set([0, 144], [0, 10], [20, 144]), 3)?.reason).toMatch(
      /^key 2 starts at interval 20/,
    );
  });

  it("refuses the same key twice", () => {
    expect(keySetFault(set([0, 144, "a"], [144, 144, "b"], [288, 144, "a"]), 3)).toEqual({
      index: 2,
      reason: "key 2 is the same as key 0",
    });
  });
});

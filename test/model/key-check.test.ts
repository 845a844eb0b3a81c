import { describe, expect, it } from "vitest";
import { asSeconds } from "../../src/model/ids.ts";
import { keyFault, type SentKey } from "../../src/model/key-check.ts";

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
      { intervalNumber: 2_900_000 - 2160 - 143, intervalCount: 144 },
      undefined,
    ],
    [
      "just too old",
      { intervalNumber: 2_900_000 - 2160 - 144, intervalCount: 144 },
      "too old: valid until interval 2897840, must be 2897841 or later",
    ],
    [
      "start 0",
      { intervalNumber: 0 },
      "too old: valid until interval 144, must be 2897841 or later",
    ],
    [
      "the smallest start",
      { intervalNumber: -(2 ** 31) },
      "too old: valid until interval -2147483504, must be 2897841 or later",
    ],
  ])("%s", (_, change, fault) => {
    expect(keyFault({ ...good, ...change }, NOW, AGE)).toBe(fault);
  });

  it("takes a key that ended exactly MAX_INTERVAL_AGE_ON_PUBLISH ago", () => {
    const now = asSeconds(2_900_000 * 600);
    const key = { ...good, intervalNumber: 2_900_000 - 2160 - 144 };
    expect(keyFault(key, now, AGE)).toBeUndefined();
    expect(keyFault(key, asSeconds(now + 1), AGE)).toMatch(/^too old/);
  });
});

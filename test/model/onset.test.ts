import { describe, expect, it } from "vitest";
import { asSeconds } from "../../src/model/ids.ts";
import { chooseOnset, daysSinceOnset } from "../../src/model/onset.ts";

const TODAY = 20_000;
const NOW = asSeconds(TODAY * 86_400 + 43_200);
const CURRENT = TODAY * 144 + 72;
const limits = { maxReportDays: 28, defaultDaysAgo: 4 };
const DEFAULT = { day: TODAY - 4, missing: true };

describe("chooseOnset()", () => {
  it.each<[string, (number | undefined)[], { day: number; missing: boolean }]>([
    ["the app's", [CURRENT - 144, CURRENT - 288], { day: TODAY - 1, missing: false }],
    ["the certificate's without the app's", [undefined, CURRENT - 288], {
      day: TODAY - 2,
      missing: false,
    }],
    ["the certificate's when the app's is 0", [0, CURRENT - 288], {
      day: TODAY - 2,
      missing: false,
    }],
    ["the certificate's when the app's is not in the past", [CURRENT, CURRENT - 288], {
      day: TODAY - 2,
      missing: false,
    }],
    ["the last interval that is past", [CURRENT - 1], { day: TODAY, missing: false }],
    ["midnight of the earliest day", [(TODAY - 28) * 144], { day: TODAY - 28, missing: false }],
    ["the default, an interval earlier", [(TODAY - 28) * 144 - 1], DEFAULT],
    ["the default when both are out", [CURRENT + 1, -5], DEFAULT],
    ["the default when nobody told", [undefined, undefined], DEFAULT],
  ])("%s", (_, candidates, onset) => {
    expect(chooseOnset(candidates, NOW, limits)).toEqual(onset);
  });
});

describe("daysSinceOnset()", () => {
  it("counts between UTC days, whatever the hour", () => {
    const onset = { day: TODAY, missing: false };
    expect(daysSinceOnset(TODAY * 144 + 143, onset)).toBe(0);
    expect(daysSinceOnset((TODAY + 1) * 144, onset)).toBe(1);
    expect(daysSinceOnset(TODAY * 144 - 1, onset)).toBe(-1);
  });
});

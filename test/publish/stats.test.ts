import { describe, expect, it } from "vitest";
import { asSeconds } from "../../src/model/ids.ts";
import { statsDays } from "../../src/publish/stats.ts";
import type { StatSum } from "../../src/store/publish/stat.ts";
import { TODAY } from "./world.ts";

describe("statsDays()", () => {
  const DAY = TODAY / 144;
  const sum = (publishes: number, changes: Partial<StatSum> = {}): StatSum => ({
    day: DAY,
    platform: "unknown",
    publishes,
    teks: 0,
    revision: false,
    oldestDays: 3,
    onsetDays: 5,
    missingOnset: false,
    ...changes,
  });
  const shown = (publishes: number, now: number, minimum = 10, embargo = 48 * 3600) =>
    statsDays([sum(publishes)], asSeconds(now), {
      statsUploadMinimum: minimum,
      statsEmbargoSeconds: embargo,
    }).length === 1;
  const end = (DAY + 1) * 86_400;

  it.each<[string, boolean, boolean]>([
    ["10 publishes at once", shown(10, end - 5000), true],
    ["9 publishes not at once", shown(9, end - 5000), false],
    ["9 publishes 48 h after the end of the day", shown(9, end + 48 * 3600), true],
    ["9 publishes a second before", shown(9, end + 48 * 3600 - 1), false],
    ["a minimum below 10 counts as 10", shown(9, end, 1), false],
    ["a higher minimum", shown(19, end, 20), false],
    ["an embargo below 48 h counts as 48 h", shown(1, end + 3600, 10, 3600), false],
    ["a longer embargo", shown(1, end + 48 * 3600, 10, 72 * 3600), false],
    ["never without an embargo", shown(9, end + 1e9, 10, 0), false],
  ])("%s", (_, is, expected) => {
    expect(is).toBe(expected);
  });

  it("counts the oldest and the latest in the last buckets", () => {
    const sums = [
      sum(10, { oldestDays: 99, onsetDays: 99 }),
      sum(1, { oldestDays: -1, onsetDays: 0 }),
    ];
    const [day] = statsDays(sums, end, { statsUploadMinimum: 10, statsEmbargoSeconds: 0 });
    expect([day?.tek_age_distribution[15], day?.tek_age_distribution[0]]).toEqual([10, 1]);
    expect([day?.onset_to_upload_distribution[29], day?.onset_to_upload_distribution[0]]).toEqual([
      10,
      1,
    ]);
  });
});

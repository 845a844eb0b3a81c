import { expect, test } from "vitest";
import { meet } from "../../src/device/meet.ts";
import { makeTeks } from "../../src/device/tek.ts";
import { asSeconds } from "../../src/model/ids.ts";
import { dayAt } from "../../src/model/interval.ts";
import { seededRandom } from "./support.ts";

const NOW = asSeconds(1_773_146_096);
const TODAY = dayAt(NOW);

function known(days: number) {
  const teks = makeTeks({ now: NOW, days, today: false }, seededRandom("teks"));
  return { healthAuthorityId: "mag", teks, revisionToken: "" };
}

test.each([[TODAY - 3, TODAY - 3], [TODAY - 28, TODAY - 5], [TODAY, TODAY - 1]])(
  "meet() on day %i happens on day %i, the nearest with a TEK",
  (day, expected) => {
    const { encounters } = meet(known(5), day, seededRandom("meeting"));
    expect(encounters.map(({ from, rpis }) => [dayAt(from), rpis])).toEqual([[expected, 3]]);
  },
);

test("meet() mixes in the RPIs of strangers, by time", () => {
  const { sightings } = meet(known(5), undefined, seededRandom("meeting"));
  expect(sightings.length).toBe(203);
  const times = sightings.map(({ heardAt }) => heardAt);
  expect(times).toEqual(times.toSorted((a, b) => a - b));
});

test("meet() without TEKs returns no encounter", () => {
  const met = meet(known(0), undefined, seededRandom("meeting"));
  expect(met).toMatchObject({ sightings: [], encounters: [] });
});

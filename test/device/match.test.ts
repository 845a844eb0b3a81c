import fc from "fast-check";
import { expect, test } from "vitest";
import { type Sighting, simulateEncounter, simulateStrangers } from "../../src/device/encounter.ts";
import { matchKeys, SightingTable } from "../../src/device/match.ts";
import { rpiAt } from "../../src/device/rpi.ts";
import { makeTeks } from "../../src/device/tek.ts";
import { decodeHex } from "../../src/bytes/base64.ts";
import type { Tek } from "../../src/model/exposure.ts";
import { asSeconds, type Seconds } from "../../src/model/ids.ts";
import { GAEN_DAY } from "../vectors/gaen-rpi.ts";
import { seededRandom } from "./support.ts";

const NOW = asSeconds(1_773_146_096);

const publishedDay: Tek = {
  key: decodeHex(GAEN_DAY.tek) ?? new Uint8Array(),
  intervalNumber: GAEN_DAY.intervalNumber,
  intervalCount: GAEN_DAY.intervalCount,
};

/** A published RPI of the vectors, received this many intervals after it was sent. */
function heard(offset: keyof typeof GAEN_DAY.rpis, intervalsLate: number): Sighting {
  const rpi = decodeHex(GAEN_DAY.rpis[offset]) ?? new Uint8Array();
  return { rpi, heardAt: asSeconds((GAEN_DAY.intervalNumber + offset + intervalsLate) * 600) };
}

test("matchKeys() finds exactly the encounters, among strangers and unrelated keys", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.string({ minLength: 1, maxLength: 8 }),
      fc.uniqueArray(fc.nat(9), { maxLength: 4 }),
      fc.integer({ min: 1, max: 20 }),
      async (seed, metIndices, intervals) => {
        const random = seededRandom(seed);
        const mine = makeTeks({ now: NOW, days: 10, today: true }, random);
        const others = makeTeks({ now: NOW, days: 10, today: true }, random);
        const met = metIndices.toSorted((a, b) => a - b);
        const sightings: Sighting[] = [];
        const expected = met.map((index) => {
          const encounter = simulateEncounter(mine[index] ?? fail(), intervals, random);
          sightings.push(...simulateStrangers(20, encounter, random));
          const first = sightings.length;
          sightings.push(...encounter.sightings);
          return { index, sightings: encounter.sightings.map((_, at) => first + at) };
        });
        const published = [...mine, ...others];
        const matches = await matchKeys(published, new SightingTable(sightings));
        expect(matches.map(({ key, sightings }) => ({ index: published.indexOf(key), sightings })))
          .toEqual(expected);
      },
    ),
    { numRuns: 40, seed: 20 },
  );
});

function fail(): never {
  throw new Error("no such TEK");
}

test("matchKeys() finds RPIs of the published test vectors", async () => {
  const table = new SightingTable([heard(143, 0), heard(0, 0), heard(99, 1)]);
  expect(await matchKeys([publishedDay], table)).toEqual([
    { key: publishedDay, sightings: [0, 1, 2] },
  ]);
});

test.each([[-12, true], [12, true], [-13, false], [13, false]])(
  "matchKeys() with an RPI received %i intervals late: %s",
  async (late, matches) => {
    const found = await matchKeys([publishedDay], new SightingTable([heard(8, late)]));
    expect(found.length === 1).toBe(matches);
  },
);

test("matchKeys() does not derive RPIs beyond the rolling period", async () => {
  const cut = { ...publishedDay, intervalCount: 9 };
  const table = new SightingTable([heard(8, 0), heard(9, 0)]);
  expect(await matchKeys([cut], table)).toEqual([{ key: cut, sightings: [0] }]);
});

test("matchKeys() finds no encounter for odd keys of a file", async () => {
  const table = new SightingTable([heard(8, 0)]);
  const odd: Tek[] = [
    { ...publishedDay, key: publishedDay.key.subarray(0, 15) },
    { ...publishedDay, intervalCount: 0 },
    { ...publishedDay, intervalCount: -5 },
    { ...publishedDay, intervalNumber: -2_147_483_648, intervalCount: 2_147_483_647 },
    { ...publishedDay, intervalNumber: 2_147_483_647, intervalCount: 2_147_483_647 },
  ];
  expect(await matchKeys(odd, table)).toEqual([]);
});

test("matchKeys() bounds a rolling period that no TEK can have", async () => {
  const late: Sighting = {
    rpi: rpiAt(publishedDay, GAEN_DAY.intervalNumber + 144),
    heardAt: asSeconds((GAEN_DAY.intervalNumber + 144) * 600),
  };
  const endless = { ...publishedDay, intervalCount: 2_147_483_647 };
  expect(await matchKeys([endless], new SightingTable([late]))).toEqual([]);
});

test("a phone that received no RPI has no encounters", async () => {
  expect(await matchKeys([publishedDay], new SightingTable([]))).toEqual([]);
});

test("matchKeys() does not block the event loop", async () => {
  const keys = Array.from({ length: 300 }, () => publishedDay);
  let turns = 0;
  const counting = setInterval(() => turns++, 0);
  await matchKeys(keys, new SightingTable([heard(8, 0)]));
  clearInterval(counting);
  expect(turns).toBeGreaterThan(0);
});

test("simulateEncounter() records one RPI per interval, within the key's period", () => {
  const [tek = fail()] = makeTeks({ now: NOW, days: 1, today: false }, seededRandom("tek"));
  const { from, sightings } = simulateEncounter(tek, 3, seededRandom("encounter"));
  const first = from / 600;
  expect(first).toBeGreaterThanOrEqual(tek.intervalNumber);
  expect(first + 3).toBeLessThanOrEqual(tek.intervalNumber + 144);
  expect(sightings.map(({ heardAt }) => Math.floor(heardAt / 600) - first)).toEqual([0, 1, 2]);
});

test("simulateEncounter() is as short as the key's period", () => {
  const tek: Tek = { key: new Uint8Array(16), intervalNumber: 10, intervalCount: 1 };
  const encounter = simulateEncounter(tek, 3, seededRandom("encounter"));
  expect(encounter.from).toBe(6000 as Seconds);
  expect(encounter.sightings.length).toBe(1);
});

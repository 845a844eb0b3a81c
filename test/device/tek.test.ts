import { expect, test } from "vitest";
import { makeTeks } from "../../src/device/tek.ts";
import { encodeHex } from "../../src/bytes/base64.ts";
import { asSeconds } from "../../src/model/ids.ts";
import { seededRandom } from "./support.ts";

/** 2026-03-10T12:34:56Z */
const NOON = asSeconds(1_773_146_096);
const MIDNIGHT_INTERVAL = 2_955_168;

test("makeTeks() creates a whole TEK for each of the last days, oldest first", () => {
  const teks = makeTeks({ now: NOON, days: 3, today: false }, seededRandom("teks"));
  expect(teks.map(({ intervalNumber, intervalCount }) => [intervalNumber, intervalCount])).toEqual([
    [MIDNIGHT_INTERVAL - 3 * 144, 144],
    [MIDNIGHT_INTERVAL - 2 * 144, 144],
    [MIDNIGHT_INTERVAL - 144, 144],
  ]);
  expect(teks.every(({ key }) => key.length === 16)).toBe(true);
  expect(new Set(teks.map(({ key }) => encodeHex(key))).size).toBe(3);
});

test("makeTeks() cuts today's TEK at the current interval", () => {
  const [today] = makeTeks({ now: NOON, days: 0, today: true }, seededRandom("teks"));
  expect(today).toMatchObject({ intervalNumber: MIDNIGHT_INTERVAL, intervalCount: 75 });
});

test("makeTeks() creates no TEK for today in the first interval of the day", () => {
  const now = asSeconds(MIDNIGHT_INTERVAL * 600 + 599);
  expect(makeTeks({ now, days: 0, today: true }, seededRandom("teks"))).toEqual([]);
});

import { describe, expect, it } from "vitest";
import { decodeDsos, encodeDsos } from "../../../federation/efgs/dsos.ts";

describe("decodeDsos()", () => {
  it.each([
    [-14, -14, true],
    [0, 0, true],
    [14, 14, true],
    [86, -14, false], // one day: 100 − 14
    [100, 0, false],
    [107, 7, false],
    [200, 1, false], // two days: the first of them counts as the middle
    [1900, 9, false],
    [1986, -11, false],
    [2000, 3, false],
    [2011, 14, false],
    [2986, -14, false],
    [3000, 0, false],
    [3986, -11, false],
    [4000, 3, false],
    [4011, 14, false],
  ])("reads %i as %i days since the onset, told: %s", (value, daysSinceOnset, told) => {
    expect(decodeDsos(value)).toEqual({ daysSinceOnset, told });
  });

  it.each([
    15,
    85,
    -15,
    115,
    1985 - 70,
    2012,
    2014,
    2015,
    4012,
    4014,
    4015,
    99_999,
    -2_147_483_648,
  ])(
    "reads nothing from %i",
    (value) => {
      expect(decodeDsos(value)).toBeUndefined();
    },
  );
});

describe("encodeDsos()", () => {
  it("sends what was told as it is, and an estimate as days since the submission", () => {
    expect(encodeDsos({ daysSinceOnset: -3, told: true }, 100, 104)).toBe(-3);
    expect(encodeDsos({ daysSinceOnset: 0, told: true }, 100, 104)).toBe(0);
    expect(encodeDsos({ daysSinceOnset: -3, told: false }, 100, 104)).toBe(3996);
    expect(encodeDsos({ told: true }, 100, 100)).toBe(4000);
    expect(encodeDsos({ daysSinceOnset: 15, told: true }, 100, 120)).toBe(3986);
    expect(encodeDsos({ told: false }, 101, 100)).toBe(4000);
  });
});

import { describe, expect, it } from "vitest";
import { keySetFault } from "../../src/model/key-set.ts";

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

import { describe, expect, it } from "vitest";
import { recentMap } from "../../src/bounds/recent.ts";

describe("recentMap()", () => {
  it("drops the least recently used entry", () => {
    const map = recentMap<string, number>({ maxSize: 3 });
    for (const [index, key] of ["a", "b", "c"].entries()) map.set(key, index);
    // Both reading and writing count as a use.
    expect(map.get("a")).toBe(0);
    map.set("b", 10);
    map.set("d", 3);
    expect(["a", "b", "c", "d"].map((key) => map.get(key))).toEqual([0, 10, undefined, 3]);
  });

  it("creates a missing value once, and keeps undefined like any value", () => {
    const map = recentMap<string, number | undefined>({ maxSize: 2 });
    const made: string[] = [];
    const find = (key: string, value: number | undefined) =>
      map.getOrCreate(key, () => {
        made.push(key);
        return value;
      });
    expect([find("a", 1), find("a", 2), find("b", undefined), find("b", 3)])
      .toEqual([1, 1, undefined, undefined]);
    expect(made).toEqual(["a", "b"]);
    find("a", 4);
    find("c", 5);
    expect(find("b", 6)).toBe(6);
    expect(made).toEqual(["a", "b", "c", "b"]);
  });

  it("drops deleted entries", () => {
    const map = recentMap<string, number>({ maxSize: 2 });
    map.set("a", 1);
    map.delete("a");
    expect(map.get("a")).toBeUndefined();
  });

  it("expires entries by its clock, counted from when they were stored or from a given time", () => {
    const clock = { ms: 1000 };
    const map = recentMap<string, number>({
      maxSize: 5,
      expiry: { ttlMs: 100, nowMs: () => clock.ms },
    });
    map.set("now", 1);
    map.set("earlier", 2, 950);
    clock.ms = 1049;
    expect([map.get("now"), map.get("earlier")]).toEqual([1, 2]);
    clock.ms = 1050;
    expect([map.get("now"), map.get("earlier")]).toEqual([1, undefined]);
    clock.ms = 1099;
    expect(map.get("now")).toBe(1);
    clock.ms = 1100;
    expect(map.get("now")).toBeUndefined();
    expect(map.getOrCreate("now", () => 3)).toBe(3);
    clock.ms = 1199;
    expect(map.get("now")).toBe(3);
  });
});

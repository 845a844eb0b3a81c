import { expect, test } from "vitest";
import { expiringCache } from "../../src/keys/expiring-cache.ts";

test("expiringCache() keeps 256 names, the latest read", async () => {
  const reads: string[] = [];
  const read = (name: string) => {
    reads.push(name);
    return Promise.resolve(name);
  };
  const cache = expiringCache({ read, now: () => 0, cacheMs: 1 });
  for (let n = 0; n <= 256; n++) await cache.get(`n${n}`, false);
  reads.length = 0;
  await cache.get("n1", false);
  await cache.get("n256", false);
  expect(reads).toEqual([]);
  await cache.get("n0", false);
  expect(reads).toEqual(["n0"]);
});

test("expiringCache() keeps neither what is absent nor failures", async () => {
  const answers = [undefined, new Error("down"), "there", "never read"];
  const read = () => {
    const answer = answers.shift();
    return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
  };
  const cache = expiringCache({ read, now: () => 0, cacheMs: 1 });
  expect(await cache.get("a", false)).toBeUndefined();
  await expect(cache.get("a", false)).rejects.toThrow("down");
  expect(await cache.get("a", false)).toBe("there");
  expect(await cache.get("a", false)).toBe("there");
});

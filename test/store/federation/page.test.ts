import { beforeEach, expect, it } from "vitest";
import { federationPages } from "../../../src/store/federation/page.ts";
import type { PageKind } from "../../../src/model/peer-sync.ts";
import { useDatabase } from "../../support/database.ts";

const DAY = 86_400;
const START = 20_000 * DAY;
const database = useDatabase();

beforeEach(() => database().clear());

const add = async (peer: string, kind: PageKind, count: number) => {
  const pages = federationPages(database());
  for (let at = 0; at < count; at++) {
    const verdicts: Record<string, number> = at % 2 === 0
      ? { stored: 3 }
      : { stored: 1, region: 2 };
    await pages.add({ peer, kind, keys: 3, revised: 1, verdicts, tookMs: 5 });
  }
};

it("keeps the newest pages of a peer and sums of the older ones", async () => {
  const pages = federationPages(database(), 4);
  for (const day of [0, 1]) {
    await database().setClock(START + day * DAY + 10);
    await add("a", "pull", 5);
    await add("a", "fetched", 6);
    await add("b", "pull", 2);
  }
  const sums = await pages.perDay(5);
  const newest = await pages.last("a", 4);
  expect(await pages.forget(30 * DAY)).toBe(4 + 5 + 4 + 1);
  expect(await pages.perDay(5)).toEqual(sums);
  expect(await pages.last("a", 4)).toEqual(newest);
  expect(await pages.last("a", 100)).toHaveLength(4 + 4);
  expect(await pages.last("a", 100)).toContainEqual({
    peer: "a",
    kind: "pull",
    at: START + 10,
    keys: 15,
    revised: 5,
    verdicts: { stored: 11, region: 4 },
    tookMs: 25,
  });
  expect(await pages.last("b", 100)).toHaveLength(4);
  expect(await pages.forget(30 * DAY)).toBe(0);
  expect(await pages.perDay(5)).toEqual(sums);
});

it("forgets what is old", async () => {
  const pages = federationPages(database());
  await database().setClock(START);
  await add("a", "push", 3);
  await database().setClock(START + 30 * DAY + 1);
  await add("a", "push", 1);
  expect(await pages.forget(30 * DAY)).toBe(3);
  expect(await pages.last("a", 9)).toHaveLength(1);
});

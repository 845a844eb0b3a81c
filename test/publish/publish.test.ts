import { beforeEach, describe, expect, it } from "vitest";
import { publishRoute } from "../../src/publish/route.ts";
import { useDatabase } from "../support/database.ts";
import { makeWorld, NOON, post, read, tek, TODAY, type World } from "./world.ts";

describe("publishRoute()", () => {
  const database = useDatabase();
  let world: World;

  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOON);
    world = await makeWorld(database());
  });

  it("stores the keys of a good request", async () => {
    const route = publishRoute(world.deps);
    const keys = [tek(1), tek(2), tek(0)];
    const response = await route(post(await world.body(keys)));
    const { status, json } = await read(response);
    expect(world.failures).toEqual([]);
    expect([status, json.error]).toEqual([200, undefined]);
    expect(json.insertedExposures).toBe(3);
    const rows = await database().sql<{ start: number; created_at: number; dsos: number }[]>`
      select interval_number as start, created_at, days_since_onset as dsos from exposure order by 1`;
    expect([...rows]).toEqual([
      { start: TODAY - 288, created_at: NOON, dsos: 0 },
      { start: TODAY - 144, created_at: NOON, dsos: 1 },
      { start: TODAY, created_at: (TODAY + 144) * 600 + 3600, dsos: 2 },
    ]);
  });
});

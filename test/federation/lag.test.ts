import { beforeEach, describe, expect, it } from "vitest";
import { pushJob } from "../../federation/schedule/jobs.ts";
import { asServerId } from "../../src/model/ids.ts";
import { useDatabase } from "../support/database.ts";
import { insertExposures } from "../support/exposure-rows.ts";
import { keyBytes, NOW, peerOf, regionNames } from "./support.ts";
import { GRACE_SECONDS, newWorld, type Server, WINDOW_SECONDS, type World } from "./world.ts";

const A = asServerId("https://a.example");
const B = asServerId("https://b.example");
const CLOSES = NOW + WINDOW_SECONDS + GRACE_SECONDS;
/** How often the server looks; src/app/federation.ts. */
const LOOK_MS = 1000;
const all = { regions: regionNames(1) };
const { signal } = new AbortController();

describe("a push, from the close of a window to the peer", () => {
  const databases = [useDatabase(), useDatabase()] as const;
  let world: World;
  let a: Server;
  let b: Server;
  let calls: string[];

  beforeEach(async () => {
    await Promise.all(databases.map((database) => database().clear()));
    world = newWorld(NOW + GRACE_SECONDS);
    a = await world.server(A, databases[0]());
    b = await world.server(B, databases[1]());
    a.agreements.push(peerOf({ name: "b", serverId: B, send: all, push: { enabled: true } }));
    b.agreements.push(peerOf({ name: "a", serverId: A, accept: all }));
    calls = [];
    const handler = world.handlers.get(B);
    world.handlers.set(B, (request, connection) => {
      calls.push(new URL(request.url).pathname.split("/").at(-1) ?? "");
      return handler?.(request, connection) ?? Response.error();
    });
    // The agreement is in force and all is quiet.
    await pushJob(a).run(signal);
    await insertExposures(databases[0](), [{ key: keyBytes(1), created_at: NOW }]);
  });

  const look = async (atMs: number) => {
    await world.setTime(Math.floor(atMs / 1000));
    world.clock.ms = atMs;
    return await pushJob(a).run(signal);
  };

  for (const phase of [0, 1, 400, 999]) {
    it(`takes one look, ${phase} ms after the close at the latest`, async () => {
      const closesMs = CLOSES * 1000;
      const first = closesMs + phase - 3 * LOOK_MS;
      for (let at = first; at < closesMs; at += LOOK_MS) expect(await look(at)).toEqual({});
      expect(calls.filter((call) => call === "Push")).toEqual([]);
      // Somebody else asked in the last millisecond before the close.
      world.clock.ms = closesMs - 1;
      await a.closedThrough();
      expect(await look(closesMs + phase)).toEqual({ keys: 1, stored: 1 });
      expect(await look(closesMs + phase + LOOK_MS)).toEqual({});
      expect(calls.filter((call) => call === "Push")).toEqual(["Push"]);
    });
  }

  it("does not come sooner because of it after a failure", async () => {
    const handler = world.handlers.get(B);
    world.handlers.set(B, () => new Response("", { status: 503 }));
    await look(CLOSES * 1000);
    const [failed] = (await a.statuses()).statuses;
    expect(failed).toMatchObject({ state: "failing", failures: 1, nextTryAt: CLOSES + 2 });
    if (handler !== undefined) world.handlers.set(B, handler);
    expect(await look(CLOSES * 1000 + 1000)).toEqual({});
    expect(await look(CLOSES * 1000 + 2000)).toEqual({ keys: 1, stored: 1 });
  });

  it("looks again after the interval even when no window closed", async () => {
    const before = (await a.statuses()).statuses[0]?.triedAt ?? 0;
    await look((before + 299) * 1000);
    expect((await a.statuses()).statuses[0]?.triedAt).toBe(before);
    await look((before + 300) * 1000);
    expect((await a.statuses()).statuses[0]?.triedAt).toBe(before + 300);
  });
});

import { beforeEach, describe, expect, it } from "vitest";
import { pullJob } from "../../federation/schedule/jobs.ts";
import { peerStatuses } from "../../federation/schedule/status.ts";
import { encodeHex } from "../../src/bytes/base64.ts";
import { asServerId } from "../../src/model/ids.ts";
import { DAY_SECONDS, dayAt } from "../../src/model/interval.ts";
import { useDatabase } from "../support/database.ts";
import { insertExposures } from "../support/exposure-rows.ts";
import { keyBytes, NOW, peerOf, regionNames } from "./support.ts";
import { newWorld, type Server, type World } from "./world.ts";

const HOUR = 3600;
const A = asServerId("https://a.example");
const B = asServerId("https://b.example");
const all = { regions: regionNames(2) };
const signal = new AbortController().signal;
const TODAY = dayAt(NOW);

describe("days of a peer's keys that differ", () => {
  const databases = [useDatabase(), useDatabase()] as const;
  let world: World;
  let a: Server;
  let b: Server;

  /** Six days with five keys each, all of which came over. A key of a day goes out on the next. */
  beforeEach(async () => {
    await Promise.all(databases.map((database) => database().clear()));
    world = newWorld(NOW + 60);
    a = await world.server(A, databases[0]());
    b = await world.server(B, databases[1]());
    await insertExposures(
      a.database,
      Array.from({ length: 30 }, (_, index) => ({
        key: keyBytes(index),
        created_at: NOW - Math.floor(index / 5) * DAY_SECONDS - HOUR,
      })),
    );
    a.agreements.push(peerOf({ name: "b", serverId: B, send: all }));
    b.agreements.push(peerOf({ name: "a", serverId: A, accept: all, pull: { enabled: true } }));
    expect(await pull()).toEqual({ keys: 30, stored: 30 });
  });

  const pull = () => pullJob(b).run(signal);
  const status = async () => (await peerStatuses(b))[0]?.pull;
  const digests = async () =>
    (await b.pulledDigests("a")).map(({ day, count, digest }) => [day, count, encodeHex(digest)]);
  const lose = async (day: number): Promise<void> => {
    await b.database.sql`delete from exposure where interval_number / 144 = ${day}`;
    await b.database.sql`delete from peer_digest where day = ${day}`;
  };

  it("are asked for alone, and found", async () => {
    const before = await digests();
    await lose(TODAY - 2);
    await world.setTime(NOW + 60 + HOUR);
    // What went out since that day began, half of all: keys of the day before, of that day and of the next one.
    expect(await pull()).toEqual({ keys: 15, stored: 5, duplicate: 10 });
    expect(await digests()).toEqual(before);
    expect(await status()).toMatchObject({
      state: "ok",
      inSyncSince: NOW + 60 + HOUR,
      repairedAt: NOW + 60 + HOUR,
      lagKeys: 0,
    });
    await world.setTime(NOW + 60 + 2 * HOUR);
    expect(await pull()).toEqual({});
    expect(await status()).toMatchObject({ inSyncSince: NOW + 60 + HOUR });
  });

  it("leave the place in the feed where it is, so that what comes next comes once", async () => {
    await lose(TODAY - 4);
    await world.setTime(NOW + 60 + HOUR);
    await pull();
    const place = await b.places.place("a", "pull");
    await insertExposures(a.database, [{ key: keyBytes(99), created_at: NOW + HOUR }]);
    await world.setTime(NOW + 60 + 2 * HOUR);
    expect(await pull()).toEqual({ keys: 1, stored: 1 });
    expect((await b.places.place("a", "pull"))?.version).toBe((place?.version ?? 0) + 1);
    expect(await status()).toMatchObject({ inSyncSince: NOW + 60 + HOUR });
  });

  it("are not asked for again for six hours when that did not help", async () => {
    await b.database.sql`update peer_digest set count = count + 1 where day = ${TODAY - 2}`;
    const { pulledDigests } = b;
    const wrong: Server = {
      ...b,
      pulledDigests: async (peer) =>
        (await pulledDigests(peer)).map((one) => ({ ...one, count: one.count + 1 })),
    };
    const pullWrong = () => pullJob(wrong).run(signal);
    await world.setTime(NOW + 60 + HOUR);
    expect(await pullWrong()).toMatchObject({ duplicate: expect.any(Number) });
    await world.setTime(NOW + 60 + 2 * HOUR);
    expect(await pullWrong()).toEqual({});
    expect(await status()).not.toHaveProperty("inSyncSince");
    await world.setTime(NOW + 60 + 7 * HOUR);
    expect(await pullWrong()).toMatchObject({ duplicate: expect.any(Number) });
  });
});

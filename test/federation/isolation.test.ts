import { beforeEach, describe, expect, it } from "vitest";
import { pullJob, pushJob } from "../../federation/schedule/jobs.ts";
import { encodeHex } from "../../src/bytes/base64.ts";
import { wayfarer } from "../../proto/gen/federation.js";
import { asServerId } from "../../src/model/ids.ts";
import type { Handler } from "../../src/runtime/runtime.ts";
import { useDatabase } from "../support/database.ts";
import { insertExposures } from "../support/exposure-rows.ts";
import { randomOf } from "../support/random.ts";
import { keyBytes, NOW, peerOf, regionNames } from "./support.ts";
import { newWorld, type Server, type World } from "./world.ts";

const { PushRequest } = wayfarer.federation.v1;
const DAY = 86_400;
const US = asServerId("https://us.example");
const GOOD = asServerId("https://good.example");
const BAD = asServerId("https://bad.example");
const all = { regions: regionNames(1) };
const calls = { enabled: true, interval: "1s" };

describe("one bad peer", () => {
  const databases = [useDatabase(), useDatabase()] as const;
  let world: World;
  let us: Server;
  let good: Server;

  beforeEach(async () => {
    await Promise.all(databases.map((database) => database().clear()));
    world = newWorld(NOW + 60);
    us = await world.server(US, databases[0]());
    good = await world.server(GOOD, databases[1]());
    for (const [name, serverId] of [["bad", BAD], ["good", GOOD]] as const) {
      us.agreements.push(
        peerOf({
          name,
          serverId,
          protocol: "connect",
          send: all,
          accept: all,
          push: calls,
          pull: calls,
        }),
      );
    }
    good.agreements.push(peerOf({ name: "us", serverId: US, send: all, accept: all }));
    await insertExposures(us.database, [{ key: keyBytes(1), created_at: NOW - 3600 }]);
    await insertExposures(good.database, [{ key: keyBytes(2), created_at: NOW - 3600 }]);
  });
  /** The bad peer answers so; the answer tells how often it was called. */
  const badly = (answer: Handler): () => number => {
    let count = 0;
    world.handlers.set(BAD, (request, connection) => {
      count += 1;
      return answer(request, connection);
    });
    return () => count;
  };
  const standing = async () =>
    Object.fromEntries(
      (await us.statuses()).statuses.map((one) => [`${one.peer} ${one.direction}`, one]),
    );
  const keysAt = async ({ database }: Server) =>
    (await database.sql`select 1 from exposure`).length;

  it("that never answers delays nobody", async () => {
    const stop = new AbortController();
    const called = badly(() => new Promise(() => {}));
    const runs = Promise.all([pushJob(us).run(stop.signal), pullJob(us).run(stop.signal)]);
    while (await keysAt(good) < 2 || await keysAt(us) < 2 || called() < 2) {
      await new Promise((next) => setImmediate(next));
    }
    stop.abort();
    expect(await runs).toEqual([{ keys: 1, stored: 1 }, { keys: 1, stored: 1 }]);
    expect(us.thrown).toEqual([]);
  });

  it("that talks rubbish for a day is called less and less, and stops nobody", async () => {
    const random = randomOf(7);
    const called = badly(() =>
      new Response(Uint8Array.from({ length: 200 }, () => random() * 256), {
        status: random() < 0.7 ? 200 : 500,
        headers: { "content-type": random() < 0.8 ? "application/proto" : "text/html" },
      })
    );
    const { signal } = new AbortController();
    let tries = 0;
    for (let at = NOW + 60; at < NOW + DAY;) {
      await world.setTime(at);
      await Promise.all([pushJob(us).run(signal), pullJob(us).run(signal)]);
      const found = await standing();
      const next = ["bad push", "bad pull"].map((name) => found[name]?.nextTryAt ?? 0);
      // Between its tries it is not called.
      const before = called();
      await world.setTime(Math.max(at, Math.min(...next) - 1));
      await Promise.all([pushJob(us).run(signal), pullJob(us).run(signal)]);
      expect(called()).toBe(before);
      at = Math.max(at + 1, Math.min(...next));
      tries += 1;
    }
    expect(called()).toBeLessThanOrEqual(2 * tries);
    expect(called()).toBeLessThan(2 * (DAY / 450 + 12));
    expect(await standing()).toMatchObject({
      "bad push": { state: "failing" },
      "bad pull": { state: "failing" },
      "good push": { state: "ok" },
      "good pull": { state: "ok" },
    });
    expect([await keysAt(us), await keysAt(good)]).toEqual([2, 2]);
    expect(us.thrown).toEqual([]);
  }, 180_000);

  it("whose answer does not end is cut off at 4 MiB", async () => {
    let sent = 0;
    badly(() =>
      new Response(
        new ReadableStream<Uint8Array>({
          pull: (controller) => {
            sent += 65_536;
            controller.enqueue(new Uint8Array(65_536));
          },
        }),
        { headers: { "content-type": "application/proto" } },
      )
    );
    const { signal } = new AbortController();
    await Promise.all([pushJob(us).run(signal), pullJob(us).run(signal)]);
    expect(await standing()).toMatchObject({
      "bad push": {
        state: "failing",
        error: "limit_exceeded: the answer has more than 4194304 bytes",
      },
      "bad pull": {
        state: "failing",
        error: "limit_exceeded: the answer has more than 4194304 bytes",
      },
      "good push": { state: "ok" },
    });
    // A page is halved twelve times at most, a batch of one key never.
    expect(sent).toBeLessThan(14 * (4 * 1024 * 1024 + 3 * 65_536));
  });

  it("that was away is caught up in the order of the windows", async () => {
    await us.database.sql`truncate exposure`;
    await insertExposures(
      us.database,
      Array.from({ length: 30 }, (_, index) => ({
        // Later windows have smaller keys.
        key: keyBytes(100 - index),
        created_at: NOW - 3600 * (40 - index),
      })),
    );
    us.agreements.splice(
      0,
      2,
      peerOf({
        name: "good",
        serverId: GOOD,
        protocol: "connect",
        send: all,
        push: { enabled: true, pageSize: 7 },
      }),
    );
    const order: string[] = [];
    const handler = world.handlers.get(GOOD);
    world.handlers.set(GOOD, async (request, connection) => {
      if (request.url.endsWith("/Push")) {
        const batch = PushRequest.decode(new Uint8Array(await request.clone().arrayBuffer()));
        order.push(
          ...batch.keys.map(({ exposureKey }) => encodeHex(exposureKey ?? new Uint8Array())),
        );
      }
      return await handler?.(request, connection) ?? Response.error();
    });
    await pushJob(us).run(new AbortController().signal);
    expect(order).toEqual(
      Array.from({ length: 30 }, (_, index) => encodeHex(keyBytes(100 - index))),
    );
  });
});

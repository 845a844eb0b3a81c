import { beforeEach, describe, expect, it } from "vitest";
import { LATENCY_RING_SIZE, latencyRing } from "../../src/publish/latency-ring.ts";
import { type PublishHandler, publishRoute } from "../../src/publish/route.ts";
import { useDatabase } from "../support/database.ts";
import { critical, kolmogorovSmirnov, seeded } from "../support/distribution.ts";
import { makeWorld, NOON, tek, type World } from "./world.ts";

/** What somebody at the network sees of one request: the answer's size, and its distance to the body's last byte. */
type Sight = { readonly bytes: number; readonly latencyMs: number };

describe("somebody who watches the network", () => {
  const database = useDatabase();
  let world: World;
  let random: () => number;
  let clock: { ms: number };
  let bodies: Uint8Array<ArrayBuffer>[];

  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOON);
    // Few sizes of padding, so that some thousand answers show them all.
    world = await makeWorld(database(), { paddingRangeBytes: 255 });
    bodies = await Promise.all(Array.from({ length: 14 }, async (_, most) => {
      const keys = Array.from({ length: most + 1 }, (_, day) => tek(day + 1));
      return new TextEncoder().encode(JSON.stringify(await world.body(keys)));
    }));
    random = seeded(1);
    clock = { ms: 0 };
  });

  /** A server whose database takes as long as it is told. */
  const server = (workMs: () => number): PublishHandler =>
    publishRoute({
      ...world.deps,
      ring: latencyRing(),
      random,
      elapsedMs: () => clock.ms,
      delay: (milliseconds) => {
        clock.ms += milliseconds;
        return Promise.resolve();
      },
      store: {
        ...world.deps.store,
        insertAll: () => {
          clock.ms += workMs();
          return Promise.resolve(true);
        },
      },
    });

  /** Sends one request, whose upload takes as long as it is told. */
  const send = async (
    route: PublishHandler,
    kind: "real" | "chaff",
    uploadMs: () => number,
  ): Promise<Sight> => {
    const content = bodies[Math.floor(random() * bodies.length)] ?? new Uint8Array();
    let lastByteAt = 0;
    const body = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        clock.ms += uploadMs();
        lastByteAt = clock.ms;
        controller.enqueue(content);
        controller.close();
      },
    }, { highWaterMark: 0 });
    const response = await route(
      new Request("http://wayfarer.test/v1/publish", {
        method: "POST",
        headers: {
          "content-type": "application/json",
          ...(kind === "chaff" ? { "x-chaff": "1" } : {}),
        },
        body,
        duplex: "half",
      } as RequestInit),
    );
    expect(response.status).toBe(200);
    return { latencyMs: clock.ms - lastByteAt, bytes: (await response.arrayBuffer()).byteLength };
  };

  const watch = async (
    route: PublishHandler,
    kind: "real" | "chaff",
    count: number,
    uploadMs: () => number = () => 0,
  ): Promise<Sight[]> => {
    const seen: Sight[] = [];
    for (let index = 0; index < count; index++) seen.push(await send(route, kind, uploadMs));
    return seen;
  };

  it.each<[string, work: () => number, upload: () => number]>([
    ["a quick server", () => 1 + 2 * random(), () => 0],
    ["a server that is slow now and then", () => 5 + 40 * random() ** 3, () => 0],
    ["a slow server", () => 300 + 500 * random(), () => 0],
    ["uploads that take their time", () => 1 + 5 * random(), () => 200 * random()],
    ["uploads that hardly ever take long", () => 1 + 5 * random(), () => 40 * random() ** 4],
  ])("cannot tell chaff from real requests: %s", async (_, workMs, uploadMs) => {
    const route = server(workMs);
    await watch(route, "real", LATENCY_RING_SIZE, uploadMs);
    const chaff: Sight[] = [];
    const real: Sight[] = [];
    for (let index = 0; index < 300; index++) {
      chaff.push(await send(route, "chaff", uploadMs));
      real.push(await send(route, "real", uploadMs));
    }
    const limit = critical(real.length, chaff.length);
    const distance = (part: (sight: Sight) => number) =>
      kolmogorovSmirnov(real.map(part), chaff.map(part));
    expect(distance(({ bytes }) => bytes)).toBeLessThan(limit);
    expect(distance(({ latencyMs }) => latencyMs)).toBeLessThan(limit);
    // The test can tell: a constant delay would be found.
    expect(kolmogorovSmirnov(real.map(({ latencyMs }) => latencyMs), chaff.map(() => 10)))
      .toBeGreaterThan(limit);
  });

  it("sees every size of real answers in chaff too, and no latency twice", async () => {
    const route = server(() => 20 + 100 * random());
    const before = await watch(route, "real", LATENCY_RING_SIZE);
    const chaff = await watch(route, "chaff", 2000);
    const real = await watch(route, "real", 200);
    const sizes = new Set(chaff.map(({ bytes }) => bytes));
    expect(sizes.size).toBeGreaterThan(80);
    expect(real.filter(({ bytes }) => !sizes.has(bytes)).length).toBeLessThan(3);
    const latencies = new Set(before.map(({ latencyMs }) => latencyMs));
    expect(chaff.filter(({ latencyMs }) => latencies.has(latencyMs))).toEqual([]);
  });

  it("sees chaff at the cap at most when real answers take longer", async () => {
    const route = server(() => 500 + 1500 * random());
    await watch(route, "real", LATENCY_RING_SIZE);
    const latencies = (await watch(route, "chaff", 200)).map(({ latencyMs }) => latencyMs);
    expect(Math.max(...latencies)).toBeCloseTo(1000, 6);
    expect(latencies.filter((ms) => ms < 999).length).toBeGreaterThan(30);
  });
});

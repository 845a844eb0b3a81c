import { beforeEach, describe, expect, it } from "vitest";
import { CHAFF_RING_SIZE, chaffRing, chaffText, type Trace } from "../../src/publish/chaff.ts";
import { publishRoute } from "../../src/publish/route.ts";
import { useDatabase } from "../support/database.ts";
import { makeWorld, NOON, post, tek, type World } from "./world.ts";

/** Mulberry32: random enough for a test, the same every time. */
function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** The largest distance of two empirical distribution functions. */
function kolmogorovSmirnov(a: readonly number[], b: readonly number[]): number {
  const below = (sample: readonly number[], value: number) =>
    sample.filter((one) => one <= value).length / sample.length;
  return Math.max(...[...a, ...b].map((value) => Math.abs(below(a, value) - below(b, value))));
}

/** The distance beyond which samples of this size differ with a confidence of 99 %. */
const critical = (n: number, m: number) => 1.628 * Math.sqrt((n + m) / (n * m));

describe("chaff", () => {
  const database = useDatabase();
  let world: World;

  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOON);
    world = await makeWorld(database());
  });

  it("is answered 200, unparsed and unstored", async () => {
    const route = publishRoute(world.deps);
    for (const content of ["", "{", "x".repeat(70_000), await world.body([tek()])]) {
      const response = await route(post(content, { "X-Chaff": "", "content-type": "text/html" }));
      expect(response.status).toBe(200);
      expect(response.headers.get("x-api-version")).toBe("v1");
      expect(response.headers.get("content-type")).toBe("application/json");
      const json = await response.json() as Record<string, unknown>;
      expect(Object.keys(json)).toEqual(["padding"]);
      expect(json["padding"]).not.toBe("");
    }
    expect(await database().sql`select from exposure`).toHaveLength(0);
    expect(world.events.map((event) => event.kind)).toEqual(Array(4).fill("chaff"));
  });

  it("cannot be told from real requests by size or latency", async () => {
    const random = seeded(1);
    const clock = { ms: 0 };
    const seen: { real: Trace[]; chaff: Trace[] } = { real: [], chaff: [] };
    const route = publishRoute({
      ...world.deps,
      random,
      elapsedMs: () => clock.ms,
      delay: (milliseconds) => {
        clock.ms += milliseconds;
        return Promise.resolve();
      },
      store: {
        ...world.deps.store,
        insertAll: () => {
          clock.ms += 5 + 40 * random() ** 3;
          return Promise.resolve(true);
        },
      },
    });
    const watch = async (kind: "real" | "chaff", count: number) => {
      for (let index = 0; index < count; index++) {
        const keys = Array.from(
          { length: 1 + Math.floor(random() * 14) },
          (_, day) => tek(day + 1),
        );
        const started = clock.ms;
        const response = await route(
          post(await world.body(keys), kind === "chaff" ? { "x-chaff": "1" } : {}),
        );
        const bytes = (await response.arrayBuffer()).byteLength;
        expect(response.status).toBe(200);
        seen[kind].push({ bytes, latencyMs: clock.ms - started });
      }
    };
    await watch("real", CHAFF_RING_SIZE);
    await watch("chaff", 300);
    await watch("real", 200);

    const { real, chaff } = seen;
    const limit = critical(real.length, chaff.length);
    const distance = (part: (trace: Trace) => number) =>
      kolmogorovSmirnov(real.map(part), chaff.map(part));
    expect(distance((trace) => trace.bytes)).toBeLessThan(limit);
    expect(distance((trace) => trace.latencyMs)).toBeLessThan(limit);
    // The test can tell: a constant delay would be found.
    expect(kolmogorovSmirnov(real.map((trace) => trace.latencyMs), chaff.map(() => 10)))
      .toBeGreaterThan(limit);
  });

  it("never waits longer than CHAFF_REQUEST_MAX_LATENCY_MS, and not for what its body took", async () => {
    const waits: number[] = [];
    const clock = { ms: 0 };
    const deps = {
      ...world.deps,
      elapsedMs: () => clock.ms,
      delay: (milliseconds: number) => {
        waits.push(milliseconds);
        return Promise.resolve();
      },
    };
    deps.ring.record({ bytes: 3000, latencyMs: 9000 });
    await publishRoute(deps)(post("", { "x-chaff": "1" }));
    const slow = new Request("http://wayfarer.test/v1/publish", {
      method: "POST",
      headers: { "x-chaff": "1" },
      body: new ReadableStream({
        pull: (controller) => {
          clock.ms += 700;
          controller.close();
        },
      }),
      duplex: "half",
    } as RequestInit);
    await publishRoute(deps)(slow);
    expect(waits).toEqual([1000, 300]);
  });

  it("looks only like what succeeded", async () => {
    await publishRoute(world.deps)(post("{"));
    const fallback = { bytes: 1, latencyMs: 1 };
    expect(world.deps.ring.draw(() => 0, fallback)).toBe(fallback);
  });
});

describe("chaffRing()", () => {
  it("remembers the last hundred, size and latency together", () => {
    const ring = chaffRing();
    for (let index = 0; index < 250; index++) ring.record({ bytes: index, latencyMs: -index });
    const drawn = Array.from(
      { length: 1000 },
      (_, index) => ring.draw(() => index / 1000, { bytes: 0, latencyMs: 0 }),
    );
    expect(new Set(drawn.map((trace) => trace.bytes)).size).toBe(CHAFF_RING_SIZE);
    expect(Math.min(...drawn.map((trace) => trace.bytes))).toBe(150);
    expect(drawn.every((trace) => trace.latencyMs === -trace.bytes)).toBe(true);
  });
});

describe("chaffText()", () => {
  it("is JSON of exactly the size asked for", () => {
    const randomness = {
      random: Math.random,
      randomBytes: (length: number) => new Uint8Array(length),
    };
    for (let bytes = 14; bytes < 40; bytes++) {
      const text = chaffText(bytes, randomness);
      expect(text).toHaveLength(bytes);
      expect(Object.keys(JSON.parse(text) as object)).toEqual(["padding"]);
    }
  });
});

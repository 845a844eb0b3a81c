import { beforeEach, describe, expect, it } from "vitest";
import { latencyRing } from "../../src/publish/latency-ring.ts";
import { type PublishHandler, publishRoute } from "../../src/publish/route.ts";
import { useDatabase } from "../support/database.ts";
import { randomOf } from "../support/random.ts";
import { makeWorld, NOON, post, tek, type World } from "./world.ts";

/** Answers of each kind. */
const COUNT = 2000;

/** What somebody at the network sees of an answer. */
type Sight = { readonly bytes: number; readonly latencyMs: number };

/**
 * How much better than by chance a threshold tells two samples apart: the largest distance of their distribution
 * functions, which is what the best classifier by one number gains.
 */
function advantage(a: readonly number[], b: readonly number[]): number {
  const below = (sorted: readonly number[], value: number): number => {
    let [low, high] = [0, sorted.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((sorted[middle] ?? 0) <= value) low = middle + 1;
      else high = middle;
    }
    return low / sorted.length;
  };
  const [left, right] = [a, b].map((sample) => [...sample].sort((x, y) => x - y));
  if (left === undefined || right === undefined) throw new RangeError("two samples");
  return Math.max(...[...left, ...right].map((v) => Math.abs(below(left, v) - below(right, v))));
}

/** Kolmogorov and Smirnov: two samples of COUNT from one distribution are further apart in one of 1,000 cases. */
const BOUND = 1.949 * Math.sqrt(2 / COUNT);

describe("answers of the publish API", () => {
  const database = useDatabase();
  let world: World;
  let random: () => number;
  let clock: { ms: number };
  let route: PublishHandler;

  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOON);
    world = await makeWorld(database(), { paddingRangeBytes: 255 });
    random = randomOf(3);
    clock = { ms: 0 };
    route = publishRoute({
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
          clock.ms += 2 + 20 * random() ** 2;
          return Promise.resolve(true);
        },
      },
    });
  });

  const look = async (request: Request): Promise<Sight> => {
    const started = clock.ms;
    const response = await route(request);
    const bytes = (await response.arrayBuffer()).byteLength;
    return { bytes, latencyMs: clock.ms - started };
  };
  /** Requests of all kinds in turns, as they come in life, so that the ring is filled anew all the time. */
  const watch = async <K extends string>(
    kinds: Readonly<Record<K, () => Request>>,
    count = COUNT,
  ): Promise<ReadonlyMap<string, Sight[]>> => {
    const seen = new Map(Object.keys(kinds).map((kind): [string, Sight[]] => [kind, []]));
    for (let index = 0; index < count; index++) {
      for (const [kind, make] of Object.entries<() => Request>(kinds)) {
        seen.get(kind)?.push(await look(make()));
      }
    }
    return seen;
  };
  const body = async (members: Record<string, unknown> = {}) =>
    JSON.stringify(await world.body([tek(1), tek(2)], members));

  it("are alike in size and time, whatever they tell: success, refusals and chaff", async () => {
    const good = await body();
    const partial = JSON.stringify(await world.body([tek(1), tek(1, { rollingPeriod: 145 })]));
    const forged = await body({ hmacKey: "AAAA" });
    await watch({ success: () => post(good) }, 100);
    const seen = await watch({
      success: () => post(good),
      partial: () => post(partial),
      certificate: () => post(forged),
      malformed: () => post("{"),
      authority: () => post("{}"),
      type: () => post(good, { "content-type": "text/plain" }),
      large: () => post("x".repeat(64_001)),
      chaff: () => post("", { "x-chaff": "1" }),
    });
    const success = seen.get("success") ?? [];
    for (const [kind, sights] of seen) {
      const gain = (part: (sight: Sight) => number) =>
        advantage(sights.map(part), success.map(part));
      expect(gain(({ bytes }) => bytes), `${kind}: size`).toBeLessThan(BOUND);
      expect(gain(({ latencyMs }) => latencyMs), `${kind}: time`).toBeLessThan(BOUND);
    }
    // The test can tell: 24 bytes more would be found.
    const sizes = success.map(({ bytes }) => bytes);
    expect(advantage(sizes, sizes.map((bytes) => bytes + 24))).toBeGreaterThan(BOUND);
  }, 120_000);

  it("stay alike when one client sends partial failures without end", async () => {
    const good = await body();
    const bad = Array.from({ length: 29 }, () => tek(1, { rollingPeriod: 145 }));
    const attack = JSON.stringify(await world.body([tek(1), ...bad]));
    await watch({ attack: () => post(attack) }, 200);
    const seen = await watch({
      real: () => post(good),
      attack: () => post(attack),
      chaff: () => post("", { "x-chaff": "1" }),
    });
    const [real, chaff] = [seen.get("real") ?? [], seen.get("chaff") ?? []];
    const gain = (part: (sight: Sight) => number) => advantage(chaff.map(part), real.map(part));
    expect(gain(({ bytes }) => bytes)).toBeLessThan(BOUND);
    expect(gain(({ latencyMs }) => latencyMs)).toBeLessThan(BOUND);
  }, 60_000);
});

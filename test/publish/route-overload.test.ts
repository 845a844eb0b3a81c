import { beforeEach, describe, expect, it } from "vitest";
import {
  publishAlphaRoute,
  publishRoute,
  type PublishRouteDependencies,
} from "../../src/publish/route.ts";
import { statsRoute } from "../../src/publish/stats-route.ts";
import { publishStats } from "../../src/store/publish/stat.ts";
import { useDatabase } from "../support/database.ts";
import { makeWorld, NOON, post, read, tek, type World } from "./world.ts";

/** A promise and what settles it. */
function gate() {
  let open = () => {};
  const passed = new Promise<void>((resolve) => open = resolve);
  return { passed, open };
}

const turn = () => new Promise((resolve) => setImmediate(resolve));

describe("publishRoute() with too much to do", () => {
  const database = useDatabase();
  let world: World;
  let deps: PublishRouteDependencies;

  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOON);
    world = await makeWorld(database(), { maxInFlight: 2, paddingRangeBytes: 0 });
    deps = world.deps;
  });

  /** A request whose body ends when the gate opens. */
  const unfinished = (end: Promise<void>, headers: Readonly<Record<string, string>> = {}) =>
    new Request("http://wayfarer.test/v1/publish", {
      method: "POST",
      headers: { "content-type": "application/json", ...headers },
      body: new ReadableStream<Uint8Array>({
        pull: async (controller) => {
          await end;
          controller.enqueue(new TextEncoder().encode("{}"));
          controller.close();
        },
      }, { highWaterMark: 0 }),
      duplex: "half",
    } as RequestInit);

  /** All that an observer may compare, and the body. */
  const shown = async (response: Response) => {
    const headers = [...response.headers].sort();
    const text = await response.text();
    return { status: response.status, headers, bytes: text.length, text };
  };

  it("refuses chaff as it refuses a publish, and holds no more chaff than publishes", async () => {
    const held = gate();
    let drawn = 0;
    const fill = (groups: number) => {
      drawn += groups;
      return deps.fill(groups);
    };
    const route = publishRoute({ ...deps, fill, delay: () => held.passed });
    deps.ring.record(500, "mag");
    const waiting = [1, 2].map(() => route(post("", { "x-chaff": "1" })));
    while (deps.admission.inFlight < 2) await turn();
    // Nothing is made for those who wait.
    expect(drawn).toBe(0);

    const real = await shown(await route(post(await world.body([tek()]))));
    const chaff = await shown(await route(post("", { "x-chaff": "1" })));
    const old = await read(
      await publishAlphaRoute(deps)(post("", { "x-chaff": "1" }, "http://wayfarer.test/")),
    );
    expect(real.status).toBe(503);
    expect(JSON.parse(chaff.text)).toMatchObject({
      code: "overloaded",
      error: "too many requests in flight, try again",
    });
    expect({ ...chaff, text: "" }).toEqual({ ...real, text: "" });
    expect([old.status, old.json.code, old.json.error]).toEqual([
      503,
      undefined,
      "too many requests in flight, try again",
    ]);
    held.open();
    expect((await Promise.all(waiting)).map(({ status }) => status)).toEqual([200, 200]);
    expect(deps.admission).toEqual({ receiving: 0, inFlight: 0 });
    expect(world.events.map(({ kind, code }) => `${kind} ${code}`)).toEqual([
      "publish overloaded",
      "chaff overloaded",
      "chaff overloaded",
      "chaff ok",
      "chaff ok",
    ]);
  });

  it("refuses what comes when too many bodies are being received, whatever it is", async () => {
    const end = gate();
    const route = publishRoute(deps);
    const receiving = Array.from(
      { length: 32 },
      (_, index) => route(unfinished(end.passed, index % 2 === 0 ? {} : { "x-chaff": "1" })),
    );
    while (deps.admission.receiving < 32) await turn();
    for (const headers of [{}, { "x-chaff": "1" }]) {
      const refused = await route(unfinished(new Promise(() => {}), headers));
      expect(refused.headers.get("retry-after")).toBe("5");
      const { status, json } = await read(refused);
      expect([status, json.code]).toEqual([503, "overloaded"]);
    }
    // They hold no place among those that are worked on.
    expect(deps.admission).toEqual({ receiving: 32, inFlight: 0 });
    end.open();
    const statuses = (await Promise.all(receiving)).map(({ status }) => status);
    expect(statuses.filter((status) => ![200, 401, 503].includes(status))).toEqual([]);
    expect(deps.admission).toEqual({ receiving: 0, inFlight: 0 });
    expect((await route(post(await world.body([tek()])))).status).toBe(200);
  });

  it("counts the bodies of requests for statistics too", async () => {
    const end = gate();
    const route = publishRoute(deps);
    const receiving = Array.from({ length: 32 }, () => route(unfinished(end.passed)));
    while (deps.admission.receiving < 32) await turn();
    const statistics = statsRoute({ ...deps, stats: publishStats(database()) });
    const refused = await statistics(unfinished(new Promise(() => {})));
    expect(refused.headers.get("retry-after")).toBe("5");
    const { status, json } = await read(refused);
    expect([status, json.code]).toEqual([503, "overloaded"]);
    end.open();
    await Promise.all(receiving);
    const { status: after } = await statistics(post({}));
    expect(after).toBe(401);
  });

  it("asks again once a body is there", async () => {
    const [end, held] = [gate(), gate()];
    const route = publishRoute({ ...deps, delay: () => held.passed });
    deps.ring.record(500, "mag");
    const late = [route(unfinished(end.passed)), route(unfinished(end.passed, { "x-chaff": "1" }))];
    const waiting = [1, 2].map(() => route(post("", { "x-chaff": "1" })));
    while (deps.admission.inFlight < 2) await turn();
    end.open();
    expect((await Promise.all(late)).map(({ status }) => status)).toEqual([503, 503]);
    held.open();
    await Promise.all(waiting);
  });

  it("gives the places back when a body comes too slowly or breaks off", async () => {
    const settings = { ...world.settings, bodyTimeoutMs: 20 };
    const route = publishRoute({ ...deps, settings });
    const broken = Promise.reject(new Error("reset"));
    broken.catch(() => {});
    const answers = [unfinished(new Promise(() => {})), unfinished(broken)].map(route);
    expect((await Promise.all(answers)).map(({ status }) => status)).toEqual([408, 400]);
    expect(deps.admission).toEqual({ receiving: 0, inFlight: 0 });
  });
});

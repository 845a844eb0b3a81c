import { Buffer } from "node:buffer";
import { beforeEach, describe, expect, it } from "vitest";
import { CHAFF_RING_SIZE, chaffRing, chaffText } from "../../src/publish/chaff.ts";
import { publishAlphaRoute, publishRoute } from "../../src/publish/route.ts";
import { useDatabase } from "../support/database.ts";
import { makeWorld, NOON, post, read, tek, type World } from "./world.ts";

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
    for (const content of ["", "{", "x".repeat(60_000), await world.body([tek()])]) {
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

  it("never waits longer than CHAFF_REQUEST_MAX_LATENCY_MS", async () => {
    const waits: number[] = [];
    const deps = {
      ...world.deps,
      elapsedMs: () => 0,
      delay: (milliseconds: number) => {
        waits.push(milliseconds);
        return Promise.resolve();
      },
    };
    deps.ring.record({ bytes: 3000, latencyMs: 9000 });
    await publishRoute(deps)(post("", { "x-chaff": "1" }));
    expect(waits).toEqual([1000]);
  });

  it("is refused like a publish when its body is too large, too slow or breaks off", async () => {
    const route = publishRoute({
      ...world.deps,
      settings: { ...world.settings, bodyTimeoutMs: 30 },
    });
    const streamed = (start: (controller: ReadableStreamDefaultController) => void) =>
      new Request("http://wayfarer.test/v1/publish", {
        method: "POST",
        headers: { "x-chaff": "1", "content-type": "application/json" },
        body: new ReadableStream({ start }),
        duplex: "half",
      } as RequestInit);
    const requests = [
      post("x".repeat(64_001), { "x-chaff": "1" }),
      streamed(() => {}),
      streamed((controller) => controller.error(new Error("reset"))),
    ];
    const answers = [];
    for (const request of requests) {
      const { status, json } = await read(await route(request));
      answers.push([status, json.code]);
    }
    expect(answers).toEqual([
      [413, "body_too_large"],
      [408, "request_timeout"],
      [400, "bad_request"],
    ]);
    expect(world.events.map((event) => event.kind)).toEqual(Array(3).fill("chaff"));
  });

  it("looks only like what succeeded", async () => {
    await publishRoute(world.deps)(post("{"));
    const { latencyMs } = world.deps.ring.draw(() => 0.5);
    expect(latencyMs).toBe(20);
  });

  it("looks on one API like what succeeded on the other", async () => {
    const deps = { ...world.deps, settings: { ...world.settings, paddingRangeBytes: 0 } };
    const [v1, alpha] = [publishRoute(deps), publishAlphaRoute(deps)];
    const size = async (response: Response) => (await response.arrayBuffer()).byteLength;
    const { healthAuthorityID: appPackageName, ...old } = await world.body([tek()]);
    const published = await alpha(post({ ...old, appPackageName }));
    expect(published.status).toBe(200);
    const bytes = await size(published);
    for (const route of [v1, alpha]) {
      const chaff = await route(post("", { "x-chaff": "1" }));
      expect(await size(chaff)).toBe(bytes);
      expect(chaff.headers.get("x-api-version")).toBe(route === v1 ? "v1" : "v1alpha");
    }
    expect(world.events.map(({ api, kind }) => `${api} ${kind}`)).toEqual([
      "v1alpha1 publish",
      "v1 chaff",
      "v1alpha1 chaff",
    ]);
  });

  it("is answered before there was anything real much like the first real one", async () => {
    const deps = { ...world.deps, settings: { ...world.settings, paddingRangeBytes: 0 } };
    const route = publishRoute(deps);
    const size = async (response: Response) => (await response.arrayBuffer()).byteLength;
    const chaff = await size(await route(post("", { "x-chaff": "1" })));
    const real = await size(await route(post(await world.body([tek()]))));
    expect(Math.abs(chaff - real)).toBeLessThan(5);
  });
});

describe("chaffRing()", () => {
  const seen = (count: number) => {
    const ring = chaffRing();
    for (let index = 0; index < count; index++) ring.record({ bytes: index, latencyMs: index });
    return Array.from({ length: 10_000 }, (_, index) => ring.draw(() => index / 10_000));
  };

  it("remembers the last hundred", () => {
    const drawn = seen(250);
    expect(new Set(drawn.map((trace) => trace.bytes)).size).toBe(CHAFF_RING_SIZE - 1);
    expect(Math.min(...drawn.map((trace) => trace.latencyMs))).toBe(150);
    expect(Math.max(...drawn.map((trace) => trace.latencyMs))).toBeCloseTo(249, 1);
  });

  it("gives latencies between those that were, hardly ever one of them, and the size beside", () => {
    const drawn = seen(100);
    const copies = drawn.filter(({ latencyMs }) => Number.isInteger(latencyMs));
    expect(copies.length).toBeLessThan(drawn.length / 100);
    expect(drawn.every(({ bytes, latencyMs }) => bytes === Math.floor(latencyMs))).toBe(true);
  });

  it("knows one when there is but one", () => {
    expect(seen(1)[5000]).toEqual({ bytes: 0, latencyMs: 0 });
  });
});

describe("chaffText()", () => {
  it("is JSON of exactly the size asked for, padding aside, and all of it base64", () => {
    const randomBytes = (length: number) => new Uint8Array(length);
    for (let bytes = 14; bytes < 40; bytes++) {
      const text = chaffText(bytes, "QUE=", { randomBytes });
      expect(text).toHaveLength(bytes + 4);
      const { padding, ...rest } = JSON.parse(text) as { padding: string };
      expect(rest).toEqual({});
      expect(Buffer.from(padding, "base64").toString("base64")).toBe(padding);
    }
  });
});

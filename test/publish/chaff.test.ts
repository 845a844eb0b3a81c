import { beforeEach, describe, expect, it } from "vitest";
import {
  LATENCY_RING_SIZE,
  type LatencyRing,
  latencyRing,
} from "../../src/publish/latency-ring.ts";
import { publishAlphaRoute, publishRoute } from "../../src/publish/route.ts";
import { useDatabase } from "../support/database.ts";
import { makeWorld, NOON, post, read, resource, tek, type World } from "./world.ts";

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
    deps.ring.record(9000, "mag");
    await publishRoute(deps)(post("", { "x-chaff": "1" }));
    expect(waits).toEqual([1000]);
    const attestation = {
      mode: "report",
      ios: {
        kind: "devicecheck",
        teamId: "ABCDE12345",
        keyId: "FGHIJ67890",
        signingKey: "file:/keys/AuthKey.p8",
      },
    };
    // A publish that waits for its vendor takes longer, and so may chaff.
    world.resources.push(resource("HealthAuthority", { name: "remote", attestation }));
    await publishRoute(deps)(post("", { "x-chaff": "1" }));
    world.resources.pop();
    const local = { ...attestation, mode: "off" };
    world.resources.push(resource("HealthAuthority", { name: "local", attestation: local }));
    await publishRoute(deps)(post("", { "x-chaff": "1" }));
    expect(waits).toEqual([1000, 4000, 1000]);
  });

  it.each(["GET", "HEAD", "PUT", "DELETE"])("may come by %s", async (method) => {
    const response = await publishRoute(world.deps)(
      new Request("http://wayfarer.test/v1/publish", { method, headers: { "x-chaff": "1" } }),
    );
    expect(response.status).toBe(200);
  });

  it("may be of any size, may be slow and may break off", async () => {
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
      post("x".repeat(65_000), { "x-chaff": "1" }),
      post("x".repeat(2_000_000), { "x-chaff": "1" }),
      streamed(() => {}),
      streamed((controller) => controller.error(new Error("reset"))),
    ];
    for (const request of requests) expect((await route(request)).status).toBe(200);
    expect(world.events.map((event) => event.kind)).toEqual(Array(4).fill("chaff"));
  });

  it("looks only like what succeeded as publishes mostly do", async () => {
    const route = publishRoute(world.deps);
    const mixed = [tek(), tek(1, { rollingPeriod: 145 })];
    expect((await read(await route(post("{")))).status).toBe(400);
    expect((await read(await route(post(await world.body(mixed))))).json.code).toBe(
      "partial_failure",
    );
    expect(world.deps.ring.draw(() => 0.5)).toBe(20);
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

describe("latencyRing()", () => {
  const drawnFrom = (ring: LatencyRing) =>
    Array.from({ length: 10_000 }, (_, index) => ring.draw(() => index / 10_000));
  const ringOf = (count: number): LatencyRing => {
    const ring = latencyRing();
    for (let index = 0; index < count; index++) ring.record(index, "mag");
    return ring;
  };

  it("remembers the last hundred", () => {
    const drawn = drawnFrom(ringOf(250));
    expect(Math.min(...drawn)).toBe(250 - LATENCY_RING_SIZE);
    expect(Math.max(...drawn)).toBeCloseTo(249, 1);
  });

  it("gives latencies between those that were, hardly ever one of them", () => {
    const drawn = drawnFrom(ringOf(100));
    expect(drawn.filter(Number.isInteger).length).toBeLessThan(drawn.length / 100);
  });

  it("knows one when there is but one", () => {
    expect(ringOf(1).draw(() => 0.5)).toBe(0);
  });

  it("leaves the other health authorities their places when one sends without end", () => {
    const ring = latencyRing();
    for (let index = 0; index < 50; index++) ring.record(1, "mag");
    for (let index = 0; index < 5000; index++) ring.record(1000, "flood");
    const quick = drawnFrom(ring).filter((latencyMs) => latencyMs < 1.5).length;
    expect(quick / 10_000).toBeCloseTo(0.5, 1);
  });
});

import { Buffer } from "node:buffer";
import { beforeEach, describe, expect, it } from "vitest";
import { publishRoute } from "../../src/publish/route.ts";
import type { PublishSettings } from "../../src/publish/settings.ts";
import { useDatabase } from "../support/database.ts";
import { makeWorld, NOON, post, read, resource, tek, type World } from "./world.ts";

describe("publishRoute()", () => {
  const database = useDatabase();
  let world: World;

  const fresh = async (settings: Partial<PublishSettings> = {}) => {
    world = await makeWorld(database(), settings);
    return publishRoute(world.deps);
  };
  const stored = async () => {
    const [row] = await database().sql<{ count: number }[]>`select count(*)::int from exposure`;
    return row?.count;
  };

  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOON);
  });

  describe("transport", () => {
    it.each([
      ["text/plain", { "content-type": "text/plain" }],
      ["no content type", { "content-type": "" }],
      ["something that ends in json", { "content-type": "text/application/json" }],
    ])("refuses %s with 415", async (_, headers) => {
      const route = await fresh();
      const { status, json } = await read(await route(post(await world.body([tek()]), headers)));
      expect([status, json.code, json.error]).toEqual([
        415,
        "bad_request",
        "content type must be application/json",
      ]);
    });

    it("takes parameters of the content type, and any case", async () => {
      const route = await fresh();
      const headers = { "content-type": "Application/JSON; charset=UTF-8" };
      expect((await route(post(await world.body([tek()]), headers))).status).toBe(200);
    });

    it("takes 64,000 bytes and refuses 64,001 with 413", async () => {
      const route = await fresh();
      const body = await world.body([tek()], { padding: "" });
      const room = 64_000 - JSON.stringify(body).length;
      const most = await read(await route(post({ ...body, padding: "x".repeat(room) })));
      expect(most.status).toBe(200);
      const more = await read(await route(post({ ...body, padding: "x".repeat(room + 1) })));
      expect([more.status, more.json.code, more.json.error]).toEqual([
        413,
        "bad_request",
        "the body is larger than 64000 bytes",
      ]);
    });

    const streamed = (chunks: AsyncIterable<Uint8Array>, headers: Record<string, string> = {}) =>
      new Request("http://wayfarer.test/v1/publish", {
        method: "POST",
        headers: { "content-type": "application/json", ...headers },
        body: streamOf(chunks),
        duplex: "half",
      } as RequestInit);

    it("counts an endless body of unknown length while it comes", async () => {
      const route = await fresh();
      let sent = 0;
      async function* endless() {
        for (;;) {
          sent += 1000;
          yield new Uint8Array(1000).fill(0x20);
        }
      }
      const { status, json } = await read(await route(streamed(endless())));
      expect([status, json.code]).toEqual([413, "bad_request"]);
      expect(sent).toBeLessThan(70_000);
    });

    it("does not believe a Content-Length that is too small", async () => {
      const route = await fresh();
      async function* long() {
        for (let part = 0; part < 70; part++) yield new Uint8Array(1000).fill(0x20);
      }
      const { status, json } = await read(
        await route(streamed(long(), { "content-length": "10" })),
      );
      expect([status, json.code]).toEqual([413, "bad_request"]);
    });

    it("refuses a Content-Length that is too large before anything comes", async () => {
      const route = await fresh();
      async function* silent(): AsyncGenerator<Uint8Array> {
        await new Promise(() => {});
        yield new Uint8Array();
      }
      const request = streamed(silent(), { "content-length": "64001" });
      expect((await route(request)).status).toBe(413);
    });

    it.each([["unknown length", {}], ["known length", { "content-length": "500" }]])(
      "ends a body of %s that comes too slowly with 408",
      async (_, headers) => {
        const route = await fresh({ bodyTimeoutMs: 30 });
        async function* slow() {
          yield new Uint8Array([0x7b]);
          await new Promise(() => {});
        }
        const { status, json } = await read(await route(streamed(slow(), headers)));
        expect([status, json.code, json.error]).toEqual([
          408,
          "bad_request",
          "the body took longer than 0.03 s",
        ]);
      },
    );

    it("answers a body that breaks off with 400", async () => {
      const route = await fresh();
      async function* broken() {
        yield new Uint8Array([0x7b]);
        throw new Error("reset");
      }
      const { status, json } = await read(await route(streamed(broken())));
      expect([status, json.code, json.error]).toEqual([400, "bad_request", "the body broke off"]);
    });

    it("answers malformed JSON with 400, what and where", async () => {
      const route = await fresh();
      const { status, json } = await read(await route(post(`{"traveler":"yes"}`)));
      expect([status, json.code, json.error]).toEqual([
        400,
        "bad_request",
        "traveler: must be true or false (at character 12)",
      ]);
      expect((await read(await route(post("")))).json.error).toBe("the body is empty");
    });

    it("has padding, a version and no caching in every answer", async () => {
      const route = await fresh();
      const sizes = new Set<number>();
      for (const content of ["", "{}", await world.body([tek()])]) {
        const response = await route(post(content));
        expect(response.headers.get("x-api-version")).toBe("v1");
        expect(response.headers.get("content-type")).toBe("application/json");
        expect(response.headers.get("cache-control")).toBe("no-store");
        const { json } = await read(response);
        const bytes = Buffer.from(json.padding, "base64");
        expect(bytes.length).toBeGreaterThanOrEqual(1024);
        sizes.add(bytes.length);
      }
      expect(sizes.size).toBeGreaterThan(1);
    });

    it("draws padding over its whole range, on top of a fill that makes all answers alike", async () => {
      await fresh({ paddingMinBytes: 3, paddingRangeBytes: 6 });
      const bytesAt = async (random: number, content: unknown) => {
        const deps = { ...world.deps, random: () => random };
        return (await (await publishRoute(deps)(post(content))).arrayBuffer()).byteLength;
      };
      for (const content of ["{}", "", await world.body([tek()])]) {
        const sizes = [await bytesAt(0, content), await bytesAt(0.9999, content)];
        expect(sizes).toEqual([4096 + 4, 4096 + 12]);
      }
    });

    it("takes no compressed body", async () => {
      const route = await fresh();
      const headers = { "content-encoding": "gzip" };
      const { status, json } = await read(await route(post(await world.body([tek()]), headers)));
      expect([status, json.code, json.error]).toEqual([
        415,
        "bad_request",
        "Content-Encoding is not supported here: send the JSON uncompressed",
      ]);
      const identity = { "content-encoding": "identity" };
      expect((await route(post(await world.body([tek()]), identity))).status).toBe(200);
    });
  });

  describe("maintenance and limits", () => {
    it("answers every publish with 429 and Retry-After, chaff too", async () => {
      const route = await fresh({ maintenance: true });
      for (const headers of [{}, { "x-chaff": "1" }]) {
        const response = await route(post(await world.body([tek()]), headers));
        expect(response.headers.get("retry-after")).toBe("300");
        const { status, json } = await read(response);
        expect([status, json.code]).toEqual([429, "maintenance"]);
        expect(json.padding).not.toBe("");
      }
      expect(await stored()).toBe(0);
    });

    it("answers 503 with Retry-After when too many are worked on, and recovers", async () => {
      const route = await fresh({ maxInFlight: 2 });
      const view = world.cache.view();
      let release = () => {};
      const gate = new Promise<void>((resolve) => release = resolve);
      let waiting = 0;
      const slow = publishRoute({
        ...world.deps,
        resources: {
          view: async () => {
            waiting++;
            await gate;
            return view;
          },
          fresh: () => view,
        },
      });
      const bodies = [await world.body([tek()]), await world.body([tek()])];
      const running = bodies.map((body) => slow(post(body)));
      while (waiting < 2) await new Promise((resolve) => setImmediate(resolve));
      const response = await route(post(await world.body([tek()])));
      expect(response.headers.get("retry-after")).toBe("5");
      const { status, json } = await read(response);
      expect([status, json.code]).toEqual([503, "overloaded"]);
      release();
      expect((await Promise.all(running)).map((answer) => answer.status)).toEqual([200, 200]);
      expect((await route(post(await world.body([tek()])))).status).toBe(200);
      expect(world.deps.admission.inFlight).toBe(0);
    });

    it("gives the place back when something fails", async () => {
      await fresh();
      const failing = publishRoute({
        ...world.deps,
        store: { ...world.deps.store, insertAll: () => Promise.reject(new Error("secret text")) },
      });
      const { status, json } = await read(await failing(post(await world.body([tek()]))));
      expect([status, json.code, json.error]).toEqual([500, "internal_error", "internal error"]);
      expect(world.deps.admission.inFlight).toBe(0);
      expect(world.failures).toHaveLength(1);
    });

    it("stores nothing when no token can be made", async () => {
      await fresh();
      const failing = publishRoute({
        ...world.deps,
        tokens: { ...world.deps.tokens, maker: () => Promise.reject(new Error("no key manager")) },
      });
      expect((await failing(post(await world.body([tek()])))).status).toBe(500);
      expect(await stored()).toBe(0);
    });
  });

  describe("steps 1 and 2", () => {
    it("refuses an unknown health authority with 401", async () => {
      const route = await fresh();
      const body = await world.body([tek()], { healthAuthorityID: "nobody" });
      const { status, json } = await read(await route(post(body)));
      expect([status, json.code, json.error]).toEqual([
        401,
        "unknown_health_authority_id",
        "unknown health authority ID",
      ]);
    });

    it("refuses a request without a health authority ID as one that nobody knows", async () => {
      const route = await fresh();
      for (const content of ["{}", { healthAuthorityID: "" }]) {
        const { status, json } = await read(await route(post(content)));
        expect([status, json.code]).toEqual([401, "unknown_health_authority_id"]);
      }
    });

    it("finds no key to go by in a request without keys", async () => {
      const route = await fresh();
      for (const keys of [[], undefined]) {
        const { status, json } = await read(
          await route(post({ ...await world.body([tek()]), temporaryExposureKeys: keys })),
        );
        expect([status, json.code]).toEqual([
          401,
          "health_authority_verification_certificate_invalid",
        ]);
        expect(json.error).toContain("temporaryExposureKeys holds no key");
      }
      world.resources[1] = resource("HealthAuthority", {
        name: "mag",
        regions: ["MAG"],
        bypassVerification: true,
      });
      const { status, json } = await read(await route(post({ healthAuthorityID: "mag" })));
      expect([status, json.code, json.error]).toEqual([
        400,
        "bad_request",
        "temporaryExposureKeys holds no key: send at least one",
      ]);
    });

    it("finds the health authority in any case", async () => {
      const route = await fresh();
      expect((await route(post(await world.body([tek()], { healthAuthorityID: "MaG" })))).status)
        .toBe(200);
    });

    it("answers 500 when the configuration cannot be loaded", async () => {
      await fresh();
      const broken = () => Promise.reject(new Error("no database"));
      const route = publishRoute({ ...world.deps, resources: { view: broken, fresh: broken } });
      const { status, json } = await read(await route(post(await world.body([tek()]))));
      expect([status, json.code]).toEqual([500, "unable_to_load_health_authority"]);
    });

    it("answers 503 with Retry-After when the configuration cannot be read from the database", async () => {
      await fresh();
      const away = () => Promise.reject(Object.assign(new Error(), { code: "CONNECTION_CLOSED" }));
      const route = publishRoute({ ...world.deps, resources: { view: away, fresh: away } });
      const answer = await route(post(await world.body([tek()])));
      expect(answer.headers.get("retry-after")).toBe("5");
      const { status, json } = await read(answer);
      expect([status, json.code]).toEqual([503, "database_unavailable"]);
    });

    it("answers 503, not 401, while its clock is off the database's", async () => {
      await fresh();
      const clocksAgree = () => false;
      const late = { claims: { iat: NOON - 10_000, exp: NOON - 9000 } };
      const route = publishRoute({ ...world.deps, clocksAgree });
      const answer = await route(post(await world.body([tek()], {}, late)));
      expect(answer.headers.get("retry-after")).toBe("5");
      const { status, json } = await read(answer);
      expect([status, json.code]).toEqual([503, "clocks_apart"]);
    });

    it("answers 503 when storing takes longer than it may", async () => {
      await fresh();
      let begins = () => {};
      const begun = new Promise<void>((resolve) => begins = resolve);
      const insertAll = () => {
        begins();
        return new Promise<boolean>(() => {});
      };
      const store = { ...world.deps.store, insertAll };
      const route = publishRoute({ ...world.deps, store, answerWithinMs: 20 });
      const { status, json } = await read(await route(post(await world.body([tek()]))));
      expect([status, json.code]).toEqual([503, "database_unavailable"]);
      await begun;
    });

    it("needs a region: that of the health authority, else DEFAULT_REGION", async () => {
      const route = await fresh();
      world.resources[1] = resource("HealthAuthority", {
        name: "mag",
        acceptIssuers: ["mag-verification"],
      });
      const without = await read(await route(post(await world.body([tek()]))));
      expect([without.status, without.json.code]).toEqual([
        500,
        "health_authority_missing_region_config",
      ]);
      const settings = { ...world.settings, defaultRegion: "SLA" as never };
      const withDefault = publishRoute({ ...world.deps, settings });
      expect((await withDefault(post(await world.body([tek()])))).status).toBe(200);
      const [row] = await database().sql<{ regions: string[] }[]>`select regions from exposure`;
      expect(row?.regions).toEqual(["SLA"]);
    });
  });
});

function streamOf(chunks: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = chunks[Symbol.asyncIterator]();
  return new ReadableStream({
    pull: async (controller) => {
      const { done, value } = await iterator.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
  });
}

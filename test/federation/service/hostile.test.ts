import { beforeEach, describe, expect, it } from "vitest";
import { PATHS } from "../../../federation/messages.ts";
import { encodeBase64 } from "../../../src/bytes/base64.ts";
import { asServerId } from "../../../src/model/ids.ts";
import type { Handler } from "../../../src/runtime/runtime.ts";
import { useDatabase } from "../../support/database.ts";
import { keyBytes, NOW, peerOf, regionNames } from "../support.ts";
import { newWorld, type Server, type World } from "../world.ts";
import { callIn, ENCODINGS } from "./encodings.ts";

const OK = 200;
const A = asServerId("https://a.example");
const B = asServerId("https://b.example");
const INVALID_ARGUMENT = 3;
const RESOURCE_EXHAUSTED = 8;
const UNAUTHENTICATED = 16;
const UNREADABLE = "the message cannot be read as what this method takes";
const { signal } = new AbortController();
const text = (value: string) => new TextEncoder().encode(value);

describe("a caller who means harm", () => {
  const databases = [useDatabase(), useDatabase()] as const;
  let world: World;
  let a: Server;
  let b: Server;
  let handler: Handler;

  beforeEach(async () => {
    await Promise.all(databases.map((database) => database().clear()));
    world = newWorld(NOW + 60);
    a = await world.server(A, databases[0]());
    b = await world.server(B, databases[1]());
    const regions = regionNames(2);
    a.agreements.push(
      peerOf({ name: "b", serverId: B, send: { regions }, accept: { regions } }),
    );
    handler = world.handlers.get(A) ?? (() => new Response());
  });

  const jsonKey = {
    exposureKey: encodeBase64(keyBytes(1)),
    transmissionRisk: 2,
    intervalNumber: NOW / 600 - 300,
    intervalCount: 144,
    reportType: "CONFIRMED_TEST",
    traveler: true,
    regions: ["R0"],
  };
  const pushJson = async (batch: unknown) =>
    await callIn(handler, {
      encoding: "json",
      path: PATHS.push,
      message: text(JSON.stringify(batch)),
      token: await b.token(A),
    });
  const stored = async () => {
    const rows = await databases[0]().sql<{ count: number }[]>`
      select count(*) as count from exposure`;
    return rows[0]?.count;
  };

  it.each(
    ENCODINGS.flatMap((encoding) => [[encoding, PATHS.fetch], [encoding, PATHS.push]] as const),
  )(
    "is refused in %s before a byte of the message is read: %s",
    async (encoding, path) => {
      for (const token of [undefined, "forged", await a.token(A)]) {
        let asked = 0;
        const message = new ReadableStream<Uint8Array>({
          pull: (controller) => {
            asked += 1;
            controller.enqueue(new Uint8Array(1024));
          },
        }, { highWaterMark: 0 });
        const end = await callIn(handler, { encoding, path, message, token });
        expect(end.status).toBe(UNAUTHENTICATED);
        expect(asked).toBe(0);
      }
    },
  );

  it.each(["grpc", "grpc-web", "connect"] as const)(
    "cannot make %s build millions of keys",
    async (encoding) => {
      const message = new Uint8Array(4 * 1024 * 1024);
      for (let at = 0; at < message.length; at += 2) message[at] = 0x12;
      const end = await callIn(handler, {
        encoding,
        path: PATHS.push,
        message,
        token: await b.token(A),
      });
      expect(end).toMatchObject({
        status: RESOURCE_EXHAUSTED,
        message: "more than 5000 keys in a batch",
      });
    },
  );

  it("cannot make JSON build millions of keys, nor strangers regions without end", async () => {
    const end = await pushJson({ batchId: "1", keys: Array.from({ length: 1e6 }, () => ({})) });
    expect(end).toMatchObject({
      status: RESOURCE_EXHAUSTED,
      message: "more than 5000 keys in a batch",
    });
    const regions = new Uint8Array(4 * 1024 * 1024);
    for (let at = 0; at < regions.length; at += 2) regions[at] = 0x1a;
    expect(
      await callIn(handler, { encoding: "connect", path: PATHS.describe, message: regions }),
    ).toMatchObject({
      status: RESOURCE_EXHAUSTED,
      message: "more than 2000 fields in a message",
    });
  });

  it.each([
    ["a list for bytes", { exposureKey: Array.from({ length: 16 }, () => 1) }],
    ["an object for bytes", { exposureKey: { length: 16 } }],
    ["a number for bytes", { exposureKey: 5 }],
    ["no base64", { exposureKey: "{}" }],
    ["a text for regions", { regions: "R0" }],
    ["an unknown text for a report type", { regions: 5 }],
  ])("is told what is wrong: %s", async (_, wrong) => {
    const end = await pushJson({ batchId: "1", keys: [jsonKey, { ...jsonKey, ...wrong }] });
    expect(end).toMatchObject({ status: INVALID_ARGUMENT, message: UNREADABLE });
    expect(a.thrown).toEqual([]);
    expect(await stored()).toBe(0);
  });

  it("cannot stop a batch with a home that no database keeps", async () => {
    const other = { ...jsonKey, exposureKey: encodeBase64(keyBytes(2)) };
    const end = await pushJson({
      batchId: "1",
      keys: [{ ...jsonKey, homeServerId: "https://x.example/\0y" }, other],
    });
    expect(end.status).toBe(0);
    expect(JSON.parse(new TextDecoder().decode(end.body)).verdicts).toEqual([
      {
        verdict: "REFUSED",
        reason: "home_server: homeServerId must be empty or a URL of at most 255 characters",
      },
      { verdict: "STORED", reason: "" },
    ]);
    expect(a.thrown).toEqual([]);
    expect(await stored()).toBe(1);
  });

  it.each([
    ["a zero byte", "R\0"],
    ["no end", "R".repeat(51)],
  ])("cannot ask for a region with %s", async (_, region) => {
    for (const path of [PATHS.fetch, PATHS.describe]) {
      for (const lists of [{ excludeRegions: [region] }, { includeRegions: [region] }]) {
        const end = await callIn(handler, {
          encoding: "json",
          path,
          message: text(JSON.stringify({ includeRegions: ["R0"], ...lists })),
          token: await b.token(A),
        });
        expect(end).toMatchObject({
          status: INVALID_ARGUMENT,
          message: "a region must have at most 50 characters, none a control",
        });
      }
    }
    expect(a.thrown).toEqual([]);
  });

  it("pays for the rows that were looked at, though none may go", async () => {
    await databases[0]().bulk.unsafe(`
      insert into exposure (key, interval_number, interval_count, transmission_risk, report_type,
                            regions, traveler, created_at)
      select substr(sha256(int4send(n)), 1, 16), ${NOW / 600 - 150}, 144, 2, 'confirmed', '{Z}',
             true, ${NOW - 3600}
      from generate_series(1, 30000) as n`);
    const regions = regionNames(2);
    a.agreements[0] = peerOf({
      name: "b",
      serverId: B,
      send: { regions, maxKeysPerSecond: 1000 },
    });
    const ask = async () =>
      await callIn(handler, {
        encoding: "json",
        path: PATHS.fetch,
        message: text(JSON.stringify({ includeRegions: ["R0"] })),
        token: await b.token(A),
      });
    expect((await ask()).status).toBe(0);
    expect(world.waits).toEqual([]);
    expect((await ask()).status).toBe(0);
    expect(world.waits).toEqual([2001]);
  });

  it("gets nothing stored for an empty batch, and no entry in the history", async () => {
    expect((await pushJson({ batchId: "1" })).status).toBe(0);
    expect(await a.pages.last("b", 1)).toEqual([]);
  });

  it("that is asked cannot make us build millions of keys, verdicts or days either", async () => {
    const evil = asServerId("https://evil.example");
    let element = 0;
    world.handlers.set(evil, () => {
      const message = new Uint8Array(4 * 1024 * 1024);
      for (let at = 0; at < message.length; at += 2) message[at] = element;
      return new Response(message, {
        status: OK,
        headers: { "content-type": "application/proto" },
      });
    });
    const peer = peerOf({ name: "evil", serverId: evil, protocol: "connect" });
    const { client } = await b.openClient(peer, signal);
    const tooMuch = (what: string) => ({
      ok: false,
      code: "limit_exceeded",
      message: `the answer has more than ${what}`,
    });
    element = 0x0a;
    expect(await client.fetch({}, signal)).toEqual(tooMuch("5000 keys in a page"));
    expect(await client.push({ batchId: "1" }, signal)).toEqual(tooMuch("5000 verdicts"));
    element = 0x22;
    expect(await client.describe({}, signal)).toEqual(tooMuch("10000 fields in a message"));
    element = 0x0c;
    expect(await client.fetch({}, signal)).toEqual({
      ok: false,
      code: "fetch_failed",
      message: "the answer is not the message that was asked for",
    });
  });
});

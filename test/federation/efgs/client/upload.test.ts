import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { readBatch } from "../../../../federation/efgs/wire/batch.ts";
import { useDatabase } from "../../../support/database.ts";
import { type AnswerRequest, openTestClient, type TestClient } from "../client-world.ts";
import { backEnd, NOW } from "../gateway/world.ts";

const IE = backEnd("IE");
const HOUR = 3600;

/** What was sent: tag, signature, numbers of the keys in their order. */
type Sent = { readonly tag: string; readonly signature: string; readonly keys: readonly number[] };

const numberOf = (key: Uint8Array): number =>
  new DataView(key.buffer, key.byteOffset).getUint32(12);
const json = (status: number, body: unknown, type = "application/json"): Response =>
  new Response(JSON.stringify(body), { status, headers: { "content-type": type } });
const stored = () => new Response(null, { status: 201 });
const parts = (free: number[], known: number[], failed: number[] = []) =>
  json(207, { 201: free, 409: known, 500: failed.map(String) });

describe("an upload", () => {
  const database = useDatabase();
  let client: TestClient;
  let sent: Sent[];
  let answers: ((sent: Sent) => Response)[];

  const answer: AnswerRequest = async (request) => {
    const batch = readBatch(new Uint8Array(await request.arrayBuffer()), "protobuf");
    const one = {
      tag: request.headers.get("batchtag") ?? "",
      signature: request.headers.get("batchsignature") ?? "",
      keys: batch.ok ? batch.value.map(({ keyData }) => numberOf(keyData)) : [],
    };
    sent.push(one);
    return (answers.length > 1 ? answers.shift() : answers[0])?.(one) ?? stored();
  };
  const publish = async (count: number) => {
    for (let number = 1; number <= count; number++) await client.publish(number);
  };

  beforeAll(async () => {
    client = await openTestClient(IE, database(), answer);
  });
  beforeEach(async () => {
    await database().clear();
    await client.setTime(NOW);
    client.agree();
    sent = [];
    answers = [stored];
  });

  it("has a tag of country, day and the hash of what is signed", async () => {
    await publish(3);
    await client.sync("push");
    const day = new Date(NOW * 1000).toISOString().slice(0, 10).replaceAll("-", "");
    expect(sent[0]?.tag).toMatch(new RegExp(`^IE-${day}-[0-9a-f]{32}$`));
    expect([...sent[0]?.keys ?? []].sort()).toEqual([1, 2, 3]);
  });

  it("sends what is free of 207 again with what failed, and never what is known", async () => {
    await publish(4);
    answers = [() => parts([0, 2], [1], [3]), stored];
    expect(await client.sync("push")).toMatchObject({
      counts: { keys: 4, duplicate: 1, stored: 3 },
      state: "ok",
    });
    const [first, second] = sent;
    expect(second?.tag).not.toBe(first?.tag);
    expect([...second?.keys ?? []].sort())
      .toEqual([0, 2, 3].map((index) => first?.keys[index]).sort());
  });

  it("refuses a key that fails twice, and sends the rest without it", async () => {
    await publish(2);
    answers = [
      () => parts([0], [], [1]),
      ({ keys }) =>
        parts([keys.indexOf(sent[0]?.keys[0] ?? 0)], [], [keys.indexOf(sent[0]?.keys[1] ?? 0)]),
      stored,
    ];
    expect(await client.sync("push")).toMatchObject({ counts: { failed: 1, stored: 1 } });
    expect(sent.map(({ keys }) => keys.length)).toEqual([2, 2, 1]);
    expect(sent[2]?.keys).toEqual([sent[0]?.keys[0]]);
  });

  it("halves a batch with a bad key down to that key, refuses it, and sends the others", async () => {
    await publish(7);
    answers = [
      ({ keys }) => keys.includes(5) ? json(400, { message: "Invalid rolling period." }) : stored(),
    ];
    expect(await client.sync("push")).toMatchObject({
      counts: { refused: 1, stored: 6 },
      state: "ok",
    });
    expect(sent.length).toBeLessThan(8);
    expect(new Set(sent.map(({ tag }) => tag)).size).toBe(sent.length);
    await client.sync("push");
    expect(sent.length).toBeLessThan(8);
  });

  it("halves a batch that is too large", async () => {
    await publish(4);
    answers = [
      ({ keys }) => keys.length > 2 ? json(413, { detail: "Too many diagnosis keys" }) : stored(),
    ];
    expect(await client.sync("push")).toMatchObject({ counts: { stored: 4 }, state: "ok" });
    expect(sent.map(({ keys }) => keys.length)).toEqual([4, 2, 2]);
  });

  it.each([
    ["a lost answer", () => {
      throw new TypeError("connection reset");
    }],
    ["503", () => json(503, { title: "Service Unavailable" })],
  ])(
    "is repeated after %s with the same tag, not before five minutes; 409 then means stored",
    async (_, lost) => {
      await publish(2);
      answers = [lost, () => json(409, { detail: "BatchTag already exists." })];
      expect(await client.sync("push")).toMatchObject({ counts: { keys: 0 }, state: "failing" });
      await client.setTime(NOW + 299);
      expect(await client.sync("push")).toMatchObject({
        counts: { keys: 0 },
        error: expect.stringContaining("the answer to a batch was lost"),
      });
      expect(sent).toHaveLength(1);
      await client.setTime(NOW + 301);
      expect(await client.sync("push")).toMatchObject({ counts: { stored: 2 }, state: "ok" });
      expect(sent).toHaveLength(2);
      expect([sent[1]?.tag, sent[1]?.signature]).toEqual([sent[0]?.tag, sent[0]?.signature]);
    },
  );

  it("counts as stored when a repeat finds every key, and waits once when some are still being stored", async () => {
    await publish(2);
    answers = [() => json(500, {}), () => parts([], [0], [1]), () => parts([], [0, 1])];
    for (const [at, counts] of [{ keys: 0 }, { keys: 0 }, { stored: 2 }].entries()) {
      await client.setTime(NOW + at * 301);
      expect(await client.sync("push")).toMatchObject({ counts });
    }
    expect(new Set(sent.map(({ tag }) => tag)).size).toBe(1);
  });

  it("is held when the gateway has every key of a first sending, until the operator decides", async () => {
    await publish(2);
    answers = [() => parts([], [0, 1])];
    for (const seconds of [NOW, NOW + HOUR]) {
      await client.setTime(seconds);
      expect(await client.sync("push")).toMatchObject({
        counts: { keys: 0 },
        state: "failing",
        error: expect.stringContaining("set efgs.existing to stored"),
      });
    }
    expect(sent).toHaveLength(1);
    client.agree({}, { existing: "stored" });
    expect(await client.sync("push")).toMatchObject({ counts: { stored: 2 }, state: "ok" });
  });

  it.each([
    [
      400,
      json(400, { detail: "Invalid signature" }, "application/problem+json"),
      "failing",
      "400: Invalid signature",
    ],
    [
      400,
      new Response("<html>Bad Request</html>", { status: 400 }),
      "failing",
      "the gateway answered 400",
    ],
    [403, json(403, { status: 403, error: "Forbidden" }), "refused", "403: Forbidden"],
    [403, new Response(null, { status: 403 }), "refused", "the gateway answered 403"],
    [207, json(207, { 201: [0], 409: [0, 1], 500: [] }), "failing", "does not name each key once"],
  ])("refuses no key for %i that is about us, and tells", async (_, response, state, text) => {
    await publish(2);
    answers = [() => response.clone()];
    const seen = await client.sync("push");
    expect(seen).toMatchObject({
      counts: { keys: 0 },
      state,
      error: expect.stringContaining(text),
    });
    expect(seen.error).not.toContain("<");
    answers = [stored];
    expect(await client.sync("push")).toMatchObject({ counts: { stored: 2 }, state: "ok" });
  });

  it("leaves out keys that the gateway would refuse, and waits with those that ended just now", async () => {
    const interval = Math.floor(NOW / 600);
    await client.publish(1);
    await client.publish(2, { interval_number: interval - 14 * 144 - 1 });
    await client.publish(3, { regions: ["FR"] });
    await client.publish(4, { report_type: "user-report" });
    await client.publish(5, { created_at: NOW - HOUR, interval_number: interval - 150 });
    await client.publish(6, { source: "peer", source_name: "other" });
    client.agree({ send: { regions: ["IE", "FR"] } });
    expect(await client.sync("push")).toMatchObject({
      counts: { stored: 1, too_old: 1, country: 1, self_report: 1 },
    });
    await client.setTime(NOW + 3 * HOUR);
    expect(await client.sync("push")).toMatchObject({ counts: { stored: 1 } });
    expect(sent.map(({ keys }) => keys)).toEqual([[1], [5]]);
  });

  it("waits for more when there are fewer keys than agreed", async () => {
    client.agree({}, { minKeys: 3 });
    await publish(2);
    expect(await client.sync("push")).toMatchObject({ counts: { keys: 0 }, state: "ok" });
    await client.publish(3);
    expect(await client.sync("push")).toMatchObject({ counts: { stored: 3 }, state: "ok" });
  });

  it("sends everything again under another agreement, where known keys are no alarm", async () => {
    await publish(2);
    await client.sync("push");
    client.agree({ send: { regions: ["IE", "FR"] } });
    answers = [() => parts([], [0, 1])];
    expect(await client.sync("push")).toMatchObject({ counts: { stored: 2 }, state: "ok" });
  });

  it("is not begun with a certificate that has run out", async () => {
    await publish(1);
    await client.setTime(NOW + 40 * 86_400);
    expect(await client.sync("push")).toMatchObject({
      counts: { keys: 0 },
      error: expect.stringContaining("efgs.signingCertificate is not valid now"),
    });
    expect(sent).toEqual([]);
    expect(client.logged.join("\n")).toContain("efgs-certificate-expires");
  });

  it("ends when it is told to, and its batch goes again as a repeat", async () => {
    await publish(1);
    const ended = new AbortController();
    answers = [() => {
      ended.abort();
      throw new TypeError("aborted");
    }, stored];
    await client.sync("push", ended.signal);
    await client.setTime(NOW + 301);
    expect(await client.sync("push")).toMatchObject({ counts: { stored: 1 }, state: "ok" });
    expect(sent[1]?.tag).toBe(sent[0]?.tag);
  });
});

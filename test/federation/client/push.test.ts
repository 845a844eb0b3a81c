import { beforeEach, describe, expect, it } from "vitest";
import type { PeerClient } from "../../../federation/client/peer-client.ts";
import { pushTo } from "../../../federation/client/push.ts";
import { wayfarer } from "../../../proto/gen/federation.js";
import { accept, refuse } from "../../../src/errors.ts";
import { encodeHex } from "../../../src/bytes/base64.ts";
import { asServerId } from "../../../src/model/ids.ts";
import { useDatabase } from "../../support/database.ts";
import { insertExposures } from "../../support/exposure-rows.ts";
import { randomOf } from "../../support/random.ts";
import { keyBytes, NOW, peerOf, regionNames } from "../support.ts";
import { newWorld, type Server, type World } from "../world.ts";

const { PushResponse, Verdict } = wayfarer.federation.v1;
type PushAnswer = wayfarer.federation.v1.PushResponse.$Properties;
type Pushed = wayfarer.federation.v1.PushRequest.$Properties;

const peer = peerOf({ send: { regions: regionNames(1) }, push: { pageSize: 10 } });
const never = new AbortController().signal;
const unused = () => Promise.reject(new Error("is not called"));
const stored = { verdict: Verdict.Kind.STORED };

function clientOf(answer: (batch: Pushed) => PushAnswer | Promise<PushAnswer>): PeerClient {
  return {
    fetch: unused,
    describe: unused,
    push: async (batch) =>
      accept(PushResponse.decode(PushResponse.encode(await answer(batch)).finish())),
  };
}
const verdicts = ({ keys, revisedKeys }: Pushed): PushAnswer => ({
  verdicts: keys?.map(() => stored) ?? [],
  revisedVerdicts: revisedKeys?.map(() => stored) ?? [],
});
const hexOf = ({ keys }: Pushed) =>
  keys?.map(({ exposureKey }) => encodeHex(exposureKey ?? new Uint8Array())) ?? [];

describe("pushTo()", () => {
  const database = useDatabase();
  let world: World;
  let server: Server;

  beforeEach(async () => {
    await database().clear();
    world = newWorld(NOW + 60);
    server = await world.server(asServerId("https://us.example"), database());
    await insertExposures(
      database(),
      Array.from({ length: 35 }, (_, index) => ({
        key: keyBytes(index),
        created_at: NOW - 3600 * (1 + Math.floor(index / 20)),
      })),
    );
  });

  it("hands over each key once, and goes on after the last batch that was answered", async () => {
    const seen: string[] = [];
    let calls = 0;
    const client = clientOf((batch) => {
      calls += 1;
      if (calls === 3) throw new Error("the network broke");
      seen.push(...hexOf(batch));
      return verdicts(batch);
    });
    await expect(pushTo(peer, client, server, never)).rejects.toThrow("the network broke");
    expect(await pushTo(peer, client, server, never)).toMatchObject({ caughtUp: true, keys: 15 });
    expect(seen).toHaveLength(35);
    expect(new Set(seen).size).toBe(35);
    expect(await pushTo(peer, client, server, never)).toMatchObject({ batches: 0, caughtUp: true });
  });

  it("has two batches on the way at most, and none with revisions before its keys are there", async () => {
    await insertExposures(database(), [{
      key: keyBytes(100),
      created_at: NOW - 7200,
      report_type: "likely",
      revised_at: NOW - 3600,
      revised_report_type: "confirmed",
    }]);
    let calls = 0;
    let onTheWay = 0;
    const seen: { readonly beside: number; readonly revised: number }[] = [];
    let third: (() => void) | undefined;
    const client = clientOf(async (batch) => {
      seen.push({ beside: onTheWay, revised: batch.revisedKeys?.length ?? 0 });
      onTheWay += 1;
      calls += 1;
      // The second is answered only once the third is here.
      if (calls === 2) await new Promise<void>((resolve) => third = resolve);
      if (calls === 3) third?.();
      onTheWay -= 1;
      return verdicts(batch);
    });
    expect(await pushTo(peer, client, server, never)).toMatchObject({ caughtUp: true, keys: 37 });
    expect(seen).toEqual([
      { beside: 0, revised: 0 },
      { beside: 0, revised: 0 },
      { beside: 1, revised: 0 },
      { beside: 0, revised: 1 },
    ]);
  });

  it("sends a batch again under the same ID when its answer was lost, another under another", async () => {
    const ids: string[] = [];
    let lose = true;
    const client: PeerClient = {
      ...clientOf(verdicts),
      push: (batch) => {
        ids.push(batch.batchId ?? "");
        const answer = lose
          ? refuse("fetch_failed", "lost")
          : accept(new PushResponse(verdicts(batch)));
        lose = !lose;
        return Promise.resolve(answer);
      },
    };
    for (let again = 0; again < 9; again++) await pushTo(peer, client, server, never);
    expect(ids.length).toBeGreaterThanOrEqual(7);
    expect(ids.filter((id, index) => index > 0 && id === ids[index - 1]).length).toBe(4);
    expect(new Set(ids).size).toBe(4);
    expect(ids[0]).toMatch(/^[0-9a-f]{64}$/);
  });

  it.each<[string, (batch: Pushed) => PushAnswer]>([
    ["too few", () => ({ verdicts: [stored] })],
    ["too many", (batch) => ({ ...verdicts(batch), revisedVerdicts: [stored] })],
    ["none", () => ({})],
  ])("does not go on with %s verdicts", async (_, answer) => {
    expect(await pushTo(peer, clientOf(answer), server, never)).toMatchObject({
      keys: 0,
      caughtUp: false,
      failure: {
        code: "fetch_failed",
        message: "the peer answered with another number of verdicts than there were keys",
      },
    });
    expect(await server.places.place("sla", "push")).toBeUndefined();
  });

  it.each([
    refuse("limit_exceeded", "the peer's body limit"),
    refuse("body_too_large", "more than it takes"),
    refuse("resource_exhausted", "the peer answered resource_exhausted"),
  ])("halves a batch that is too large: $code", async (refusal) => {
    const sizes: number[] = [];
    const inner = clientOf(verdicts);
    const client: PeerClient = {
      ...inner,
      push: (batch, signal) => {
        sizes.push(batch.keys?.length ?? 0);
        return (batch.keys?.length ?? 0) > 3 ? Promise.resolve(refusal) : inner.push(batch, signal);
      },
    };
    expect(await pushTo(peer, client, server, never)).toMatchObject({ caughtUp: true, keys: 35 });
    expect(sizes.slice(0, 4)).toEqual([10, 5, 3, 3]);
    const hopeless = { ...inner, push: () => (sizes.push(0), Promise.resolve(refusal)) };
    await server.places.forgetOthers([]);
    sizes.length = 0;
    expect(await pushTo(peer, hopeless, server, never)).toMatchObject({
      failure: refusal,
      keys: 0,
    });
    expect(sizes).toHaveLength(5);
  });

  it("keeps days since onset and self reports back, and brings the latter when they may go", async () => {
    await database().clear();
    const at = { created_at: NOW - 3600, days_since_onset: 3 };
    await insertExposures(database(), [
      { ...at, key: keyBytes(1), report_type: "confirmed" },
      { ...at, key: keyBytes(2), report_type: "user-report" },
    ]);
    const seen: Pushed[] = [];
    const client = clientOf((batch) => {
      seen.push(batch);
      return verdicts(batch);
    });
    const { send } = peer;
    const agreed = (more: Partial<typeof send>) => ({ ...peer, send: { ...send, ...more } });
    const reticent = agreed({ symptomOnset: false, selfReport: false });
    expect(await pushTo(reticent, client, server, never)).toMatchObject({ keys: 1 });
    expect(seen[0]?.keys?.map(({ hasSymptomOnset }) => hasSymptomOnset)).toEqual([undefined]);
    expect(await pushTo(agreed({ symptomOnset: true, selfReport: false }), client, server, never))
      .toMatchObject({ keys: 0 });
    expect(await pushTo(peer, client, server, never)).toMatchObject({ keys: 2 });
    expect(seen[1]?.keys?.map(({ hasSymptomOnset }) => hasSymptomOnset)).toEqual([true, true]);
  });

  it("keeps to send.maxKeysPerSecond by itself", async () => {
    const slow = peerOf({ ...peer, send: { ...peer.send, maxKeysPerSecond: 10 } });
    const client = clientOf(verdicts);
    expect(await pushTo(slow, client, server, never)).toMatchObject({
      keys: 10,
      failure: {
        code: "resource_exhausted",
        message: "send.maxKeysPerSecond of the agreement is used up",
        retryAfterMs: 1,
      },
    });
    let [seconds, keys] = [0, 10];
    for (; keys < 35 && seconds < 60; seconds++) {
      world.clock.ms += 1000;
      keys += (await pushTo(slow, client, server, never)).keys;
    }
    expect([seconds, keys]).toEqual([3, 35]);
  });

  it("counts reasons by name, and nothing that a peer makes up", async () => {
    const refused = (reason: string) => ({ verdict: Verdict.Kind.REFUSED, reason });
    const client = clientOf(({ keys }) => ({
      verdicts: keys?.map((_, index) =>
        [
          refused("region: no region of the key is in the agreement"),
          refused("<script>alert(1)</script>"),
          refused("x".repeat(100_000)),
          refused("constructor"),
          refused("made_up_by_the_peer: and so on"),
          { verdict: 99 },
          { verdict: Verdict.Kind.DUPLICATE },
        ][index % 7] ?? stored
      ) ?? [],
    }));
    const { counts } = await pushTo(peer, client, server, never);
    expect(counts).toEqual({ region: 7, refused: 25, duplicate: 3 });
  });

  it("loses nothing, wherever it crashes, and repeats a batch at most", async () => {
    const random = randomOf(99);
    for (let round = 0; round < Number(process.env["FUZZ_RUNS"] ?? 10); round++) {
      await server.places.forgetOthers([]);
      const seen = new Map<string, number>();
      const client = clientOf((batch) => {
        if (random() < 0.15) throw new Error("never arrived");
        for (const hex of hexOf(batch)) seen.set(hex, (seen.get(hex) ?? 0) + 1);
        if (random() < 0.15) throw new Error("answer lost");
        return verdicts(batch);
      });
      let crashes = 0;
      const crashing: Server = {
        ...server,
        inbound: {
          transaction: async (work) => {
            if (random() < 0.15) throw new Error("crash before");
            const done = await server.inbound.transaction(work);
            if (random() < 0.15) throw new Error("crash after");
            return done;
          },
        },
      };
      for (let tries = 0; tries < 1000; tries++) {
        try {
          if ((await pushTo(peer, client, crashing, never)).caughtUp) break;
        } catch {
          crashes += 1;
        }
      }
      expect(seen.size).toBe(35);
      expect(Math.max(...seen.values())).toBeLessThanOrEqual(1 + crashes);
    }
  });

  it("moves on over windows that hold nothing for the peer", async () => {
    const strict = peerOf({ ...peer, send: { regions: regionNames(20).slice(19) } });
    const client = clientOf(unused);
    expect(await pushTo(strict, client, server, never)).toMatchObject({ caughtUp: true, keys: 0 });
    expect((await server.places.place("sla", "push"))?.cursors.keys).toEqual({
      timestamp: NOW,
      nextToken: "",
    });
  });
});

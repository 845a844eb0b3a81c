import { Buffer } from "node:buffer";
import { join } from "node:path";
import { beforeEach, describe, expect, it } from "vitest";
import { deviceCheckServer } from "../../src/device/attest/device-check-server.ts";
import { ensureIssuer } from "../../src/device/issuer.ts";
import { NOON } from "../publish/world.ts";
import { temporaryFolder } from "../support/command-io.ts";
import { NATIVE } from "../support/crypto-providers.ts";
import { useDatabase } from "../support/database.ts";
import { stalled, startVendor, type VendorServer } from "./vendor-server.ts";
import { type AttestWorld, type AttestWorldOptions, makeAttestWorld } from "./world.ts";

const TEAM = { teamId: "ABCDE12345", keyId: "FGHIJ67890" };
const refused = (reason: string) => ({
  status: 401,
  json: { code: "device_attestation_invalid", error: `device attestation: ${reason}` },
});
const unavailable = { status: 503, json: { code: "device_attestation_unavailable" } };

describe("DeviceCheck", () => {
  const database = useDatabase();
  let world: AttestWorld;
  let apple: VendorServer;

  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOON);
  });
  const start = async (
    ios: Readonly<Record<string, unknown>> = {},
    options: AttestWorldOptions = {},
  ) => {
    const path = join(await temporaryFolder(), "AuthKey.p8");
    const { issuer } = await ensureIssuer(NATIVE, path);
    world = await makeAttestWorld(database(), options);
    const nowMs = () => world.clock.now * 1000;
    apple = await startVendor(
      deviceCheckServer({ ...TEAM, publicKeyPem: issuer.publicKeyPem, nowMs }),
    );
    world.configure({
      mode: "require",
      development: true,
      ios: { kind: "devicecheck", ...TEAM, signingKey: `file:${path}`, url: apple.url, ...ios },
    });
  };
  let counter = 0;
  const token = () => Buffer.alloc(1600, ++counter).toString("base64");
  const send = async (payload = token()) => {
    const { body } = await world.attested();
    return await world.send(body, payload);
  };
  const verdicts = () => world.verdicts.map(({ verdict }) => verdict);

  it("lets a token that Apple knows publish, once, asking as Apple wants to be asked", async () => {
    await start({ onUnavailable: "refuse" });
    const payload = token();
    expect(await send(payload)).toMatchObject({ status: 200 });
    const [asked] = apple.seen;
    expect(asked?.path).toBe("/v1/validate_device_token");
    const body = JSON.parse(asked?.body ?? "{}") as Record<string, unknown>;
    expect(body).toEqual({
      device_token: payload,
      transaction_id: expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f-]{27}$/),
      timestamp: NOON * 1000,
    });
    const url = Buffer.from(payload, "base64").toString("base64url");
    for (const again of [payload, url]) {
      expect(await send(again)).toMatchObject(refused("replayed"));
    }
    // Nobody is asked about one that was used.
    expect(apple.seen).toHaveLength(1);
  });

  it("signs in anew after half an hour", async () => {
    await start({ onUnavailable: "refuse" });
    for (const minutes of [0, 29, 2]) {
      world.clock.now = world.clock.now + minutes * 60 as typeof world.clock.now;
      expect(await send()).toMatchObject({ status: 200 });
    }
    const [first, second, third] = apple.seen.map(({ authorization }) => authorization);
    expect(second).toBe(first);
    expect(third).not.toBe(first);
  });

  it("refuses a token that Apple refuses, whatever happens when Apple is away", async () => {
    await start({ onUnavailable: "accept" });
    for (
      const text of ["Bad Device Token", "Missing or incorrectly formatted device token payload"]
    ) {
      apple.command = () => new Response(text, { status: 400 });
      expect(await send()).toMatchObject(refused("vendor_refused"));
    }
  });

  it.each<[string, () => Response, string]>([
    ["401", () => new Response("", { status: 401 }), "misconfigured"],
    ["another 400", () => new Response("Bad Timestamp", { status: 400 }), "misconfigured"],
    ["429", () => new Response("", { status: 429 }), "unavailable"],
    ["503", () => new Response("", { status: 503 }), "unavailable"],
    [
      "a redirect",
      () => new Response("", { status: 302, headers: { location: "/" } }),
      "unavailable",
    ],
    ["10 MB", () => new Response(new Uint8Array(10_000_000)), "unavailable"],
  ])("goes by onUnavailable when Apple answers %s", async (_, answer, verdict) => {
    for (const onUnavailable of ["accept", "refuse"]) {
      await start({ onUnavailable });
      apple.command = answer;
      const accepts = onUnavailable === "accept";
      expect(await send()).toMatchObject(accepts ? { status: 200 } : unavailable);
      const counted = verdict === "unavailable" ? `unavailable_${onUnavailable}ed` : verdict;
      expect(verdicts()).toEqual([counted.replace("refuseed", "refused")]);
    }
    const used = await database().sql`select from attest_used`;
    expect(used).toHaveLength(0);
  });

  it.each<[string, () => Response | Promise<Response>]>([
    ["nothing", () => new Promise(() => {})],
    ["the beginning of an answer", stalled],
  ])("waits 3 s for Apple when it sends %s", async (_, answer) => {
    for (const onUnavailable of ["accept", "refuse"]) {
      let elapsed = 0;
      let timer: { readonly milliseconds: number; readonly then: () => void } | undefined;
      const canceled: number[] = [];
      await start({ onUnavailable }, {
        elapsedMs: () => elapsed,
        after: (milliseconds, then) => {
          timer = { milliseconds, then };
          return () => canceled.push(milliseconds);
        },
      });
      apple.command = () => {
        elapsed += timer?.milliseconds ?? 0;
        timer?.then();
        return answer();
      };
      expect(await send()).toMatchObject(
        onUnavailable === "accept" ? { status: 200 } : { ...unavailable, retryAfter: "60" },
      );
      expect(world.vendorEvents).toEqual([{ vendor: "apple", seconds: 3, outcome: "unavailable" }]);
      expect(canceled).toEqual([3000]);
    }
  });

  it("is misconfigured without its key", async () => {
    await start({ onUnavailable: "refuse", signingKey: "file:/nowhere/AuthKey.p8" });
    expect(await send()).toMatchObject(unavailable);
    expect(verdicts()).toEqual(["misconfigured"]);
    expect(apple.seen).toHaveLength(0);
  });

  it("is misconfigured by another team's ID, or a clock that is far off", async () => {
    await start({ onUnavailable: "refuse", teamId: "ZZZZZZZZZZ" });
    expect(await send()).toMatchObject(unavailable);
    expect(verdicts()).toEqual(["misconfigured"]);
  });

  it("asks nobody for half a minute once Apple was away five times, then once", async () => {
    let elapsed = 0;
    await start({ onUnavailable: "accept" }, { elapsedMs: () => elapsed });
    apple.command = () => new Response("", { status: 503 });
    for (let publishes = 0; publishes < 8; publishes++) {
      expect(await send()).toMatchObject({ status: 200 });
    }
    expect(apple.seen).toHaveLength(5);
    elapsed = 30_000;
    await send();
    await send();
    expect(apple.seen).toHaveLength(6);
    elapsed = 60_000;
    apple.command = undefined;
    for (let publishes = 0; publishes < 3; publishes++) await send();
    expect(apple.seen).toHaveLength(9);
    expect(new Set(verdicts())).toEqual(new Set(["unavailable_accepted", "ok"]));
  });

  it("asks Apple with mode report too, and refuses nothing", async () => {
    await start({ mode: "report", onUnavailable: "refuse" });
    apple.command = () => new Response("Bad Device Token", { status: 400 });
    expect(await send()).toMatchObject({ status: 200 });
    apple.command = () => new Response("", { status: 503 });
    expect(await send()).toMatchObject({ status: 200 });
    expect(verdicts()).toEqual(["vendor_refused", "unavailable_refused"]);
  });

  it("asks nobody about a publish whose certificate fails", async () => {
    await start();
    const { body } = await world.attested();
    const answer = await world.send({ ...body, hmacKey: "AAAA" }, token());
    expect(answer.json.code).toBe("health_authority_verification_certificate_invalid");
    expect(apple.seen).toHaveLength(0);
  });
});

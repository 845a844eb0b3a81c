import { Buffer } from "node:buffer";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { registration } from "../../src/attest/registration/register.ts";
import { challengeEnd } from "../../src/attest/registration/challenge.ts";
import {
  type AppleAuthority,
  makeApple,
  makeAuthority,
  type ThrowAwayApple,
} from "../../src/device/attest/apple.ts";
import { guestRoute } from "../../src/publish/guest-route.ts";
import { sha256 } from "../../src/keys/crypto.ts";
import { concatBytes } from "../../src/keys/pem.ts";
import { attestedKeys } from "../../src/store/attest/attested-key.ts";
import { NATIVE } from "../support/crypto-providers.ts";
import { useDatabase } from "../support/database.ts";
import { NOON, post, resource } from "../publish/world.ts";
import { assertion, attestation, newPhoneKey, otherSignature } from "./phone.ts";
import { APP, type AttestWorld, base64, makeAttestWorld } from "./world.ts";

const NOW_MS = NOON * 1000;
const refused = (reason: string) => ({
  status: 401,
  json: { code: "device_attestation_invalid", error: `device attestation: ${reason}` },
});

describe("registered keys of App Attest", () => {
  const database = useDatabase();
  let apple: ThrowAwayApple;
  let authority: AppleAuthority;
  let world: AttestWorld;
  let routes: Record<"challenge" | "key", (request: Request) => Promise<Response>>;

  beforeAll(async () => {
    apple = await makeApple(NATIVE, NOW_MS);
    authority = await makeAuthority(NATIVE, apple, NOW_MS);
  });
  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOON);
    world = await makeAttestWorld(database());
    configure();
    const { challenge, register } = registration({
      ...world.attestDeps,
      keys: attestedKeys(database()),
      authorityOf: async (id) => (await world.cache.view()).get("HealthAuthority", id),
    });
    routes = {
      challenge: guestRoute(world.deps, 32_768, challenge),
      key: guestRoute(world.deps, 32_768, register),
    };
  });
  const configure = (ios: Readonly<Record<string, unknown>> = {}) =>
    world.configure({
      mode: "require",
      development: true,
      ios: {
        kind: "appattest",
        ...APP,
        registration: true,
        trustAnchors: [apple.rootPem],
        ...ios,
      },
    });
  const call = async (
    name: "challenge" | "key",
    body: unknown,
    headers: Readonly<Record<string, string>> = {},
  ) => {
    const answer = await routes[name](post(body, headers, `http://test/v1/attest/${name}`));
    const json = await answer.json() as Record<string, string>;
    return { status: answer.status, json };
  };
  const challengeOf = async (healthAuthorityID = "mag") =>
    (await call("challenge", { healthAuthorityID, padding: "x" })).json["challenge"] ?? "";
  /** What registers a key under a challenge. */
  const request = async (key: CryptoKeyPair, challenge: string) => {
    const point = new Uint8Array(await NATIVE.subtle.exportKey("raw", key.publicKey));
    const hash = await sha256(NATIVE, new TextEncoder().encode(challenge));
    return {
      healthAuthorityID: "mag",
      keyId: base64(await sha256(NATIVE, point)),
      attestation: base64(await attestation(authority, hash, NOW_MS, {}, key)),
      challenge,
    };
  };
  const registered = async () => {
    const key = await newPhoneKey();
    const sent = await request(key, await challengeOf());
    expect(await call("key", sent)).toMatchObject({ status: 200 });
    return { key, keyId: sent.keyId };
  };
  const send = async (
    { key, keyId }: { key: CryptoKeyPair; keyId: string },
    wish: Parameters<typeof assertion>[2] = {},
  ) => {
    const { body, hash } = await world.attested();
    return await world.send(body, `${keyId}.${base64(await assertion(key, hash, wish))}`);
  };

  it("are known for 30 days, by a hash and nothing else", async () => {
    const { keyId } = await registered();
    const rows = await database().sql<
      { id: Uint8Array; public_key: Uint8Array; counter: number; expires_on: number }[]
    >`select * from attest_key`;
    expect(rows).toHaveLength(1);
    const [row] = rows;
    expect(row?.expires_on).toBe((Math.floor(NOON / 86_400) + 30) * 86_400);
    expect(row?.counter).toBe(0);
    expect(Buffer.from(row?.id ?? []).toString("base64")).not.toBe(keyId);
  });

  it("answer with padding and until when, and chaff like a challenge", async () => {
    const sent = await request(await newPhoneKey(), await challengeOf());
    const { json } = await call("key", { ...sent, padding: null });
    expect(json["expires"]).toMatch(/^\d{4}-\d{2}-\d{2}T00:00:00Z$/);
    expect(Buffer.from(json["padding"] ?? "", "base64").length).toBeGreaterThanOrEqual(1024);
    const chaff = await call("challenge", "anything", { "x-chaff": "1" });
    expect(chaff.status).toBe(200);
    expect(Object.keys(chaff.json)).toEqual(["padding"]);
  });

  it("let assertions publish while their counter rises", async () => {
    const phone = await registered();
    expect(await send(phone, { counter: 1 })).toMatchObject({ status: 200 });
    expect(await send(phone, { counter: 3, flags: 0, category: 4 })).toMatchObject({ status: 200 });
    for (const counter of [3, 2, 0]) {
      expect(await send(phone, { counter })).toMatchObject(refused("counter"));
    }
    const [row] = await database().sql<{ counter: number }[]>`select counter from attest_key`;
    expect(row?.counter).toBe(3);
  });

  it("let an assertion publish once, however its signature is written", async () => {
    const phone = await registered();
    const { body, hash } = await world.attested();
    let genuine = new Uint8Array();
    const first = await assertion(phone.key, hash, {
      signature: (signature) => genuine = new Uint8Array(signature),
    });
    const other = await assertion(phone.key, hash, { signature: () => otherSignature(genuine) });
    expect(await world.send(body, `${phone.keyId}.${base64(first)}`)).toMatchObject({
      status: 200,
    });
    const url = (text: string) => Buffer.from(text, "base64").toString("base64url");
    const again = [
      `${phone.keyId}.${base64(first)}`,
      `${url(phone.keyId)}.${url(base64(first))}`,
      `${phone.keyId}.${base64(other)}`,
    ];
    for (const payload of again) {
      expect(await world.send(body, payload)).toMatchObject(refused("replayed"));
    }
  });

  it("refuse assertions that are wrong", async () => {
    const phone = await registered();
    const stranger = { key: await newPhoneKey(), keyId: phone.keyId };
    const longer = (der: Uint8Array) => concatBytes(der, Uint8Array.of(0));
    expect(await send(stranger)).toMatchObject(refused("signature"));
    expect(await send(phone, { teamId: "ZZZZZZZZZZ" })).toMatchObject(refused("app"));
    expect(await send(phone, { category: 1 })).toMatchObject(refused("environment"));
    expect(await send(phone, { der: longer })).toMatchObject(refused("malformed"));
    expect(await send({ ...phone, keyId: base64(new Uint8Array(32)) })).toMatchObject(
      refused("unknown_key"),
    );
    const { body } = await world.attested();
    const other = base64(await assertion(phone.key, new Uint8Array(32)));
    expect(await world.send(body, `${phone.keyId}.${other}`)).toMatchObject(refused("signature"));
    expect(await world.send(body, `${phone.keyId}.AAAA`)).toMatchObject(refused("malformed"));
    await database().sql`update attest_key set expires_on = ${NOON}`;
    expect(await send(phone)).toMatchObject(refused("unknown_key"));
  });

  it("cannot be registered twice, nor two by one challenge", async () => {
    const key = await newPhoneKey();
    const sent = await request(key, await challengeOf());
    expect(await call("key", sent)).toMatchObject({ status: 200 });
    expect(await call("key", sent)).toMatchObject(refused("replayed"));
    const fresh = await request(key, await challengeOf());
    expect(await call("key", fresh)).toMatchObject(refused("replayed"));
    const second = await request(await newPhoneKey(), sent.challenge);
    expect(await call("key", second)).toMatchObject(refused("replayed"));
    expect(await database().sql`select from attest_key`).toHaveLength(1);
  });

  it("need a challenge of ours, of this authority, of the last ten minutes", async () => {
    world.resources.push(resource("HealthAuthority", {
      name: "sla",
      attestation: world.resources.flatMap((one) =>
        one.kind === "HealthAuthority" ? [one.attestation] : []
      )[0],
    }));
    const foreign = await challengeOf("sla");
    expect(foreign).not.toBe("");
    const own = await challengeOf();
    const forged = `${own.slice(0, -4)}AAAA`;
    for (const challenge of [foreign, forged, "", "AAAA", "%"]) {
      const sent = await request(await newPhoneKey(), challenge);
      expect(await call("key", sent), challenge).toMatchObject(refused("challenge"));
    }
    const { challenge: key } = await world.attestDeps.dataKeys();
    const deps = { crypto: NATIVE, key, healthAuthority: "mag" };
    expect(await challengeEnd({ ...deps, nowMs: NOW_MS + 599_000 }, own)).toBe(NOON + 600);
    expect(await challengeEnd({ ...deps, nowMs: NOW_MS + 600_000 }, own)).toBeUndefined();
  });

  it("need an attestation of that key over that challenge", async () => {
    const sent = await request(await newPhoneKey(), await challengeOf());
    const other = await request(await newPhoneKey(), await challengeOf());
    expect(await call("key", { ...sent, keyId: other.keyId })).toMatchObject(
      refused("unknown_key"),
    );
    expect(await call("key", { ...sent, attestation: other.attestation })).toMatchObject(
      refused("content"),
    );
    expect(await call("key", { ...sent, attestation: "%" })).toMatchObject(refused("malformed"));
  });

  it("are nowhere without registration: both routes answer 404", async () => {
    configure({ registration: false });
    const phone = await request(await newPhoneKey(), "AAAA");
    expect(await call("challenge", { healthAuthorityID: "mag" })).toMatchObject({
      status: 404,
      json: { code: "not_found" },
    });
    expect(await call("key", phone)).toMatchObject({ status: 404, json: { code: "not_found" } });
    expect((await call("challenge", { healthAuthorityID: "nobody" })).status).toBe(404);
    const { body } = await world.attested();
    expect(await world.send(body, "AAAA.AAAA")).toMatchObject(refused("wrong_kind"));
  });

  it.each<[unknown, number]>([
    ["", 400],
    ["{", 400],
    [[], 400],
    [{}, 400],
    [{ healthAuthorityID: "mag", more: 1 }, 400],
    [{ healthAuthorityID: 5 }, 400],
    [{ healthAuthorityID: "mag", padding: "x".repeat(33_000) }, 413],
  ])("refuse the body %.40j with %i", async (body, status) => {
    expect((await call("challenge", body)).status).toBe(status);
  });
});

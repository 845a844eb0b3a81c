import { createPublicKey, generateKeyPairSync } from "node:crypto";
import { describe, expect, test } from "vitest";
import { makeJwks, MAX_JWKS_BYTES, MAX_JWKS_KEYS, parseJwks } from "../../src/keys/jwks.ts";
import { NATIVE } from "../support/crypto-providers.ts";

const parse = (document: unknown) =>
  parseJwks(NATIVE, new TextEncoder().encode(JSON.stringify(document)));

const ec = generateKeyPairSync("ec", { namedCurve: "P-256" });
const rsa = generateKeyPairSync("rsa", { modulusLength: 2048 });
const ed = generateKeyPairSync("ed25519");
const pem = (key: typeof ec.publicKey) => key.export({ type: "spki", format: "pem" }).toString();
const jwk = (key: typeof ec.publicKey, kid: string) => ({ ...key.export({ format: "jwk" }), kid });

const ecJwk = jwk(ec.publicKey, "ec");
const rsaJwk = jwk(rsa.publicKey, "rsa");
const edJwk = jwk(ed.publicKey, "ed");

describe("parseJwks()", () => {
  test("reads the three kinds of keys from a set and from a bare array", async () => {
    const keys = [
      { kid: "ec", algorithm: "ES256", publicKeyPem: pem(ec.publicKey) },
      { kid: "rsa", algorithm: "RS256", publicKeyPem: pem(rsa.publicKey) },
      { kid: "ed", algorithm: "EdDSA", publicKeyPem: pem(ed.publicKey) },
    ];
    const expected = { ok: true, value: { keys, ignored: 0 } };
    expect(await parse({ keys: [ecJwk, rsaJwk, edJwk], more: "members" })).toEqual(expected);
    expect(await parse([ecJwk, rsaJwk, edJwk])).toEqual(expected);
  });

  test("gives PEM that other software reads", async () => {
    const parsed = await parse([ecJwk, rsaJwk, edJwk]);
    if (!parsed.ok) throw new Error(parsed.message);
    expect(parsed.value.keys.map((key) => createPublicKey(key.publicKeyPem).asymmetricKeyType))
      .toEqual(["ec", "rsa", "ed25519"]);
  });

  test("an empty set has no keys", async () => {
    expect(await parse({ keys: [] })).toEqual({ ok: true, value: { keys: [], ignored: 0 } });
  });

  test("ignores and counts what is for something else", async () => {
    const p384 = generateKeyPairSync("ec", { namedCurve: "P-384" }).publicKey;
    const others = [
      { ...ecJwk, kid: undefined },
      { ...ecJwk, kid: "a", use: "enc" },
      { ...ecJwk, kid: "b", key_ops: ["deriveKey"] },
      { ...rsaJwk, kid: "c", alg: "RS512" },
      { ...rsaJwk, kid: "d", alg: "none" },
      { ...ecJwk, kid: "e", alg: "HS256" },
      jwk(p384, "f"),
      jwk(generateKeyPairSync("x25519").publicKey, "g"),
      { kty: "AKP", kid: "h", alg: "ML-DSA-44", pub: "AAAA" },
      { kty: "constructor", kid: "i" },
    ];
    expect(await parse([...others, ecJwk])).toMatchObject({
      ok: true,
      value: { keys: [{ kid: "ec" }], ignored: others.length },
    });
  });

  test("takes the same key twice as one", async () => {
    expect(await parse([ecJwk, ecJwk])).toMatchObject({
      ok: true,
      value: { keys: [{ kid: "ec" }], ignored: 1 },
    });
  });

  test.each(["a\u0000b", "a\nb", "\u0085", "\ud800"])(
    "skips a key with the kid %j",
    async (kid) => {
      expect(await parse([edJwk, { ...ecJwk, kid }])).toMatchObject({
        ok: true,
        value: { keys: [{ kid: "ed" }], ignored: 1 },
      });
    },
  );

  test("skips different keys of one algorithm under one kid, and keeps the others", async () => {
    const other = jwk(generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey, "ec");
    expect(await parse([ecJwk, other, rsaJwk])).toMatchObject({
      ok: true,
      value: { keys: [{ kid: "rsa" }], ignored: 2 },
    });
    expect(await parse([ecJwk, { ...edJwk, kid: "ec" }])).toMatchObject({
      ok: true,
      value: { keys: [{ algorithm: "ES256" }, { algorithm: "EdDSA" }], ignored: 0 },
    });
  });

  test("skips private and symmetric keys of every kind, and keeps the public ones", async () => {
    const privates = [
      ec.privateKey.export({ format: "jwk" }),
      rsa.privateKey.export({ format: "jwk" }),
      ed.privateKey.export({ format: "jwk" }),
    ].map((key) => ({ ...key, kid: "leaked" }));
    for (const key of [...privates, { kty: "oct", k: "AAAA", kid: "oct" }, { ...ecJwk, d: null }]) {
      expect(await parse({ keys: [edJwk, key] })).toMatchObject({
        ok: true,
        value: { keys: [{ kid: "ed" }], ignored: 1 },
      });
    }
  });

  test("skips members that are no keys, and keeps the others", async () => {
    const members: unknown[] = [1, null, "x", [], {}, { kid: "a" }, { ...ecJwk, kid: 7 }, {
      kty: 1,
    }];
    members.push({ ...ecJwk, kid: "x".repeat(257) });
    expect(await parse({ keys: [...members, ecJwk] })).toMatchObject({
      ok: true,
      value: { keys: [{ kid: "ec" }], ignored: members.length },
    });
  });

  test("refuses what is no key set", async () => {
    const documents = [
      "",
      "nul",
      "{}",
      '{"keys":{}}',
      "1",
    ];
    const deep = "[".repeat(100_000);
    for (const document of [...documents, deep]) {
      expect(await parseJwks(NATIVE, new TextEncoder().encode(document))).toEqual({
        ok: false,
        code: "malformed_file",
        message: 'the key set must be {"keys": […]} or an array of keys (RFC 7517)',
      });
    }
    const notUtf8 = Uint8Array.of(0x22, 0xff, 0x22);
    expect(await parseJwks(NATIVE, notUtf8)).toMatchObject({ code: "malformed_file" });
  });

  test("skips malformed and weak keys, and keeps the others", async () => {
    const weak = generateKeyPairSync("rsa", { modulusLength: 1024 }).publicKey;
    const b64 = (size: number, fill: number) =>
      btoa(String.fromCharCode(...new Uint8Array(size).fill(fill)));
    const bad = [
      { ...ecJwk, x: ecJwk.y, y: ecJwk.x },
      { ...ecJwk, x: "AAAA" },
      { ...ecJwk, x: undefined },
      { ...ecJwk, x: "!" },
      { ...ecJwk, x: b64(32, 0), y: b64(32, 0) },
      jwk(weak, "weak"),
      { ...rsaJwk, n: b64(256, 0) },
      { ...rsaJwk, n: b64(256, 1) },
      { ...rsaJwk, n: b64(1025, 255) },
      { ...rsaJwk, n: btoa("\0".repeat(4) + "\xff".repeat(254)) },
      { ...rsaJwk, e: "AA" },
      { ...rsaJwk, e: "AQ" },
      { ...rsaJwk, e: "AQABAA" },
      { ...rsaJwk, e: b64(256, 255) },
      { ...edJwk, x: "AAAA" },
    ];
    for (const key of bad) {
      expect(await parse([edJwk, { ...key, kid: "bad" }])).toMatchObject({
        ok: true,
        value: { keys: [{ kid: "ed" }], ignored: 1 },
      });
    }
  });

  test("bounds bytes and keys", async () => {
    expect(await parseJwks(NATIVE, new Uint8Array(MAX_JWKS_BYTES + 1))).toEqual({
      ok: false,
      code: "limit_exceeded",
      message: "the key set has more than 262144 bytes",
    });
    expect(await parse(new Array(MAX_JWKS_KEYS + 1).fill({ kty: "x" }))).toEqual({
      ok: false,
      code: "limit_exceeded",
      message: "the key set has more than 100 keys",
    });
  });
});

describe("makeJwks()", () => {
  test("makes a set that parseJwks() reads back", async () => {
    const set = makeJwks([{ kid: "1", publicKeyPem: pem(ec.publicKey) }]);
    expect(set.keys[0]).toEqual({ ...ecJwk, kid: "1", alg: "ES256", use: "sig" });
    expect(await parse(set)).toEqual({
      ok: true,
      value: {
        keys: [{ kid: "1", algorithm: "ES256", publicKeyPem: pem(ec.publicKey) }],
        ignored: 0,
      },
    });
  });

  test("refuses other keys", () => {
    for (const publicKeyPem of [pem(rsa.publicKey), pem(ed.publicKey), "secret"]) {
      expect(() => makeJwks([{ kid: "1", publicKeyPem }])).toThrow("not a P-256 public key in PEM");
    }
  });
});

import { Buffer } from "node:buffer";
import { encode } from "cborg";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import {
  type AppleAuthority,
  makeApple,
  makeAuthority,
  type ThrowAwayApple,
} from "../../src/device/attest/apple.ts";
import { contentHash } from "../../src/attest/content-hash.ts";
import { type CertificateWish, makeCertificate } from "../../src/device/attest/certificates.ts";
import { publishAlphaRoute, publishRoute } from "../../src/publish/route.ts";
import { concatBytes, pemToDer } from "../../src/keys/pem.ts";
import { NATIVE } from "../support/crypto-providers.ts";
import { useDatabase } from "../support/database.ts";
import { NOON, post, read, type SentTek, tek } from "../publish/world.ts";
import { attestation, type Tampering } from "./phone.ts";
import { APP, type AttestWorld, base64, makeAttestWorld } from "./world.ts";

const NOW_MS = NOON * 1000;
const DAY_MS = 86_400_000;
const refused = (reason: string) => ({
  status: 401,
  json: { code: "device_attestation_invalid", error: `device attestation: ${reason}` },
});

describe("one-time App Attest", () => {
  const database = useDatabase();
  let apple: ThrowAwayApple;
  let authority: AppleAuthority;
  let world: AttestWorld;

  beforeAll(async () => {
    apple = await makeApple(NATIVE, NOW_MS);
    authority = await makeAuthority(NATIVE, apple, NOW_MS);
  });
  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOON);
    world = await makeAttestWorld(database());
    configure();
  });
  const configure = (
    members: Readonly<Record<string, unknown>> = {},
    ios: Readonly<Record<string, unknown>> = {},
  ) =>
    world.configure({
      mode: "require",
      development: true,
      ios: { kind: "appattest", ...APP, trustAnchors: [apple.rootPem], ...ios },
      ...members,
    });
  const made = (hash: Uint8Array, tampering: Tampering = {}) =>
    attestation(authority, hash, NOW_MS, tampering);
  const stored = async () => (await database().sql`select from exposure`).length;

  it("lets a genuine one publish, once, in whatever base64 it comes", async () => {
    const { body, hash } = await world.attested();
    const payload = base64(await made(hash));
    expect(await world.send(body, payload)).toMatchObject({
      status: 200,
      json: { insertedExposures: 1 },
    });
    const url = Buffer.from(payload, "base64").toString("base64url");
    for (const again of [payload, url]) {
      expect(await world.send(body, again)).toMatchObject(refused("replayed"));
    }
    expect(world.verdicts).toEqual(
      ["ok", "replayed", "replayed"].map((verdict) => ({
        platform: "ios",
        kind: "appattest",
        verdict,
      })),
    );
  });

  it("lets one of two at once publish", async () => {
    const { body, hash } = await world.attested();
    const payload = base64(await made(hash));
    const answers = await Promise.all([1, 2, 3, 4].map(() => world.send(body, payload)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 401, 401, 401]);
    for (const answer of answers.filter(({ status }) => status === 401)) {
      expect(answer).toMatchObject(refused("replayed"));
    }
    expect(await stored()).toBe(1);
  });

  it("leaves one unused whose publish fails", async () => {
    const { body, hash } = await world.attested();
    const payload = base64(await made(hash));
    world.resources.splice(0, 1);
    expect(await world.send(body, payload)).toMatchObject({
      status: 401,
      json: { code: "health_authority_verification_certificate_invalid" },
    });
    expect(world.verdicts).toEqual([]);
    expect(await database().sql`select from attest_used`).toHaveLength(0);
  });

  it("is used up by a publish that changes nothing, until its certificate is refused", async () => {
    const { body, hash } = await world.attested();
    const until = Math.ceil((NOON + 300 + 60) / 3600) * 3600;
    const first = await world.send(body, base64(await made(hash)));
    const revisionToken = first.json.revisionToken;
    const again = { ...body, revisionToken };
    expect(await world.send(again, base64(await made(hash)))).toMatchObject({ status: 200 });
    const used = await database().sql`select expires_on from attest_used`;
    expect(used.map((row) => Number(row["expires_on"]))).toEqual([until, until]);
  });

  it.each<[string, string, Tampering]>([
    ["a CA as its leaf", "chain", { leafIsAuthority: true }],
    ["an expired leaf", "chain", { leafNotAfter: NOW_MS - DAY_MS, leafNotBefore: 0 }],
    ["a leaf of tomorrow", "chain", { leafNotBefore: NOW_MS + 1000 }],
    ["a leaf by another name", "chain", { issuerName: "CN=somebody else" }],
    ["no certificate", "chain", { x5c: () => [] }],
    ["one certificate", "chain", { x5c: ([leaf]) => [leaf ?? new Uint8Array()] }],
    ["a certificate that is none", "chain", {
      x5c: ([leaf]) => [leaf, new Uint8Array(5)].map((x) => x ?? new Uint8Array()),
    }],
    ["its certificates the wrong way round", "chain", { x5c: (chain) => [...chain].reverse() }],
    ["a byte after its leaf", "chain", {
      x5c: (
        [leaf, ca],
      ) => [concatBytes(leaf ?? new Uint8Array(), Uint8Array.of(0)), ca ?? new Uint8Array()],
    }],
    ["a nonce longer by a byte", "content", {
      nonce: (nonce) => concatBytes(nonce, Uint8Array.of(0)),
    }],
    ["another nonce", "content", {
      nonce: (nonce) => nonce.map((byte, at) => at === 10 ? byte ^ 1 : byte),
    }],
    ["another team", "app", { teamId: "ZZZZZZZZZZ" }],
    ["the counter 1", "malformed", { counter: 1 }],
    ["no flag of a credential", "malformed", { flags: 0 }],
    ["the category of a system's part", "environment", { category: 1 }],
    ["an unknown environment", "environment", { aaguid: "appattestother" }],
    ["another credential ID", "malformed", {
      authData: (data) => data.map((byte, at) => at === 60 ? byte ^ 1 : byte),
    }],
    ["half a head", "malformed", { authData: (data) => data.subarray(0, 40) }],
    ["a byte after its key", "malformed", {
      authData: (data) => concatBytes(data, Uint8Array.of(0)),
    }],
    ["extensions that are no map", "malformed", {
      authData: (data) => concatBytes(data, encode([1])),
    }],
    ["a category of two bytes", "malformed", {
      authData: (data) =>
        concatBytes(data, encode({ apple_validation_category_01: new Uint8Array(2) })),
    }],
    ["two kilobytes of data", "malformed", {
      authData: (data) => concatBytes(data, encode({ x: new Uint8Array(2000) })),
    }],
  ])("with %s is refused: %s", async (_, reason, tampering) => {
    const { body, hash } = await world.attested();
    expect(await world.send(body, base64(await made(hash, tampering)))).toMatchObject(
      refused(reason),
    );
    expect(await stored()).toBe(0);
  });

  it.each<[string, Tampering]>([
    ["no extensions", {}],
    ["the App Store's category", { category: 4 }],
    ["TestFlight's category, and the flag for extensions", { category: 2, flags: 0xc0 }],
  ])("with %s is let in", async (_, tampering) => {
    const { body, hash } = await world.attested();
    expect(await world.send(body, base64(await made(hash, tampering)))).toMatchObject({
      status: 200,
    });
  });

  it("of a development build is let in only where both resource and server say so", async () => {
    const send = async (tampering: Tampering) => {
      const { body, hash } = await world.attested();
      return await world.send(body, base64(await made(hash, tampering)));
    };
    expect(await send({ aaguid: "appattestdevelop", category: 3 })).toMatchObject({ status: 200 });
    const strict = await makeAttestWorld(database(), { allowDevelopment: false });
    world = strict;
    configure();
    // Without development its anchors do not count either.
    expect(await send({})).toMatchObject(refused("chain"));
  });

  it("made for development is refused in production", async () => {
    const { body, hash } = await world.attested();
    for (const tampering of [{ aaguid: "appattestdevelop" }, { category: 3 }]) {
      const object = await made(hash, tampering);
      const { checkAttestation } = await import("../../src/attest/app-attest/one-time.ts");
      const found = await checkAttestation(object, {
        crypto: NATIVE,
        isChained: (chain, _anchors, nowMs) =>
          world.attestDeps.isChained(chain, [apple.rootPem], nowMs),
      }, {
        app: { kind: "appattest", ...APP, registration: false, categories: [4, 2] },
        development: false,
        clientDataHash: hash,
        nowMs: NOW_MS,
      });
      expect(found).toEqual({ found: "failed", reason: "environment" });
    }
    expect(body).toBeDefined();
  });

  it("by somebody else's root is refused, also with that root in its chain", async () => {
    const forger = await makeApple(NATIVE, NOW_MS);
    const theirs = await makeAuthority(NATIVE, forger, NOW_MS);
    const root = pemToDer(forger.rootPem, "CERTIFICATE") ?? new Uint8Array();
    const { body, hash } = await world.attested();
    for (const x5c of [undefined, (chain: readonly Uint8Array[]) => [...chain, root]]) {
      const object = await attestation(theirs, hash, NOW_MS, x5c === undefined ? {} : { x5c });
      expect(await world.send(body, base64(object))).toMatchObject(refused("chain"));
    }
  });

  it.each<[string, Partial<CertificateWish> & { issuerName?: string }]>([
    ["names another issuer", { issuerName: "CN=other" }],
    ["is no authority", { isAuthority: false }],
    ["expired", { notBefore: 0, notAfter: NOW_MS - 1000 }],
    ["has another name", { subject: "CN=other" }],
  ])("by an intermediate that %s is refused", async (_, change) => {
    const P384 = { name: "ECDSA", namedCurve: "P-384" };
    const rootKey = await NATIVE.subtle
      .importKey("pkcs8", new Uint8Array(apple.rootKey), P384, false, ["sign"]);
    const pair = await NATIVE.subtle.generateKey(P384, true, ["sign", "verify"]);
    const rootName = "CN=Throw-away App Attestation Root CA";
    const der = await makeCertificate(NATIVE, {
      subject: authority.issuing.name,
      publicKey: pair.publicKey,
      isAuthority: true,
      notBefore: NOW_MS - DAY_MS,
      notAfter: NOW_MS + DAY_MS,
      ...change,
      issuer: { name: change.issuerName ?? rootName, key: rootKey, hash: "SHA-384" },
    });
    const issuing = { ...authority.issuing, key: pair.privateKey };
    const { body, hash } = await world.attested();
    const object = await attestation({ der, issuing }, hash, NOW_MS);
    expect(await world.send(body, base64(object))).toMatchObject(refused("chain"));
  });

  it("of the old API is bound to its regions, and refused without a code", async () => {
    const route = publishAlphaRoute(world.deps);
    const { body } = await world.attested();
    const { healthAuthorityID: _, ...rest } = body;
    const alpha = { ...rest, appPackageName: "mag", platform: "ios" };
    const hashOf = (regions: readonly string[]) =>
      contentHash(NATIVE, {
        healthAuthorityID: "mag",
        temporaryExposureKeys: body["temporaryExposureKeys"] as SentTek[],
        verificationPayload: String(body["verificationPayload"]),
        regions,
      });
    const send = async (hash: Uint8Array, regions: readonly string[]) => {
      const deviceVerificationPayload = base64(await made(hash));
      return await read(await route(post({ ...alpha, regions, deviceVerificationPayload })));
    };
    expect(await send(await hashOf([]), ["MAG"])).toMatchObject({
      status: 401,
      json: { error: "device attestation: content" },
    });
    const answer = await send(await hashOf([]), ["MAG"]);
    expect(answer.json.code).toBeUndefined();
    expect(await send(await hashOf(["mag"]), ["MAG"])).toMatchObject({ status: 200 });
  });

  it("is not looked at by a dry run", async () => {
    const at = world.resources.findIndex(({ kind }) => kind === "HealthAuthority");
    const authorityOf = world.resources[at];
    if (authorityOf?.kind !== "HealthAuthority") throw new Error("no health authority");
    world.resources[at] = { ...authorityOf, allowDryRun: true };
    const { body } = await world.attested();
    const url = "http://wayfarer.test/v1/publish?dryRun=1";
    const { status, json } = await read(await publishRoute(world.deps)(post(body, {}, url)));
    expect({ status, error: json.error }).toEqual({ status: 200, error: undefined });
    expect(world.verdicts).toEqual([]);
  });

  it("is bound to keys, risks and certificate", async () => {
    const { body, hash } = await world.attested();
    const object = base64(await made(hash));
    const [key] = body["temporaryExposureKeys"] as [Record<string, unknown>];
    const others = [
      await world.body([{ ...tek(1), ...key }]),
      await world.body([{ ...tek(1), ...key, transmissionRisk: 4 }]),
      await world.body([tek(1, { transmissionRisk: 3 })]),
    ];
    for (const other of others) {
      expect(await world.send(other, object)).toMatchObject(refused("content"));
    }
  });

  it("in CBOR that is not strict is malformed", async () => {
    const { body, hash } = await world.attested();
    const object = await made(hash);
    const fmt = encode("fmt");
    const format = encode("apple-appattest");
    const attStmt = encode("attStmt");
    const deep = new Uint8Array(10_000).fill(0x81);
    const cases: Record<string, Uint8Array> = {
      deep: concatBytes(Uint8Array.of(0xa2), fmt, format, attStmt, deep, Uint8Array.of(0)),
      indefinite: concatBytes(Uint8Array.of(0xbf), object.subarray(1), Uint8Array.of(0xff)),
      repeated: concatBytes(Uint8Array.of(0xa4), object.subarray(1), fmt, format),
      huge: concatBytes(
        Uint8Array.of(0xa2),
        fmt,
        format,
        attStmt,
        Uint8Array.of(0x9b, 0, 0, 0, 1, 0, 0, 0, 0),
      ),
      trailing: concatBytes(object, Uint8Array.of(0)),
      cut: object.subarray(0, object.length - 1),
      otherFormat: encode({ fmt: "packed", attStmt: {}, authData: new Uint8Array(40) }),
      noReceipt: encode({
        fmt: "apple-appattest",
        attStmt: { x5c: [new Uint8Array(1), new Uint8Array(1)] },
        authData: new Uint8Array(40),
      }),
      textInChain: encode({
        fmt: "apple-appattest",
        attStmt: { x5c: ["leaf", "ca"], receipt: new Uint8Array(1) },
        authData: new Uint8Array(40),
      }),
    };
    for (const [name, bytes] of Object.entries(cases)) {
      const answer = await world.send(body, base64(bytes));
      expect(answer, name).toMatchObject(refused("malformed"));
    }
  });

  it("is only looked at with mode report, and ignored with mode off", async () => {
    configure({ mode: "report" });
    const first = await world.attested();
    const genuine = base64(await made(first.hash));
    expect(await world.send(first.body, genuine)).toMatchObject({ status: 200 });
    const again = await world.attested();
    for (const payload of [undefined, genuine, "e30.e30.e30", "x".repeat(24_001)]) {
      const { body } = await world.attested();
      expect(await world.send(body, payload)).toMatchObject({ status: 200 });
    }
    expect(world.verdicts.map(({ verdict }) => verdict)).toEqual(
      ["ok", "missing", "content", "not_configured", "malformed"],
    );
    configure({ mode: "off" });
    expect(await world.send(again.body, "nonsense")).toMatchObject({ status: 200 });
    expect(world.verdicts).toHaveLength(5);
  });

  it("that another publish used up meanwhile is let in with mode report", async () => {
    configure({ mode: "report" });
    const { body, hash } = await world.attested();
    const payload = base64(await made(hash));
    const answers = await Promise.all([1, 2].map(() => world.send(body, payload)));
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 400]);
    expect(answers.map(({ json }) => json.code)).toContain("missing_revision_token");
    expect(await stored()).toBe(1);
  });

  it("has a mode of its own for a platform", async () => {
    configure({ mode: "report" }, { mode: "require" });
    const { body } = await world.attested({ platform: "IOS" });
    expect(await world.send(body)).toMatchObject(refused("missing"));
    const other = await world.attested();
    expect(await world.send(other.body)).toMatchObject({ status: 200 });
  });
});

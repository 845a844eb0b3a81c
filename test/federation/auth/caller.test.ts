import { exportJWK, generateKeyPair, type JWK, SignJWT } from "jose";
import { OAuth2Server } from "oauth2-mock-server";
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { authenticator } from "../../../federation/auth/caller.ts";
import { issuerKeys } from "../../../federation/auth/issuer-keys.ts";
import { asServerId } from "../../../src/model/ids.ts";
import type { Peer } from "../../../src/model/resource/peer.ts";
import { accept, refuse } from "../../../src/errors.ts";
import { NATIVE } from "../../support/crypto-providers.ts";
import { HOME, NOW, peerOf } from "../support.ts";
import { documents } from "./documents.ts";

const NO_AGREEMENT = "no agreement names the token's iss, sub and aud";
const PEER = "https://keys.sla.example";
const plain = peerOf({ serverId: asServerId(PEER) });
let pairs: Record<"ES256" | "RS256" | "EdDSA" | "stranger", CryptoKeyPair>;
let jwks: JWK[];

beforeAll(async () => {
  const pair = (alg: string) => generateKeyPair(alg, { extractable: true });
  pairs = {
    ES256: await pair("ES256"),
    RS256: await pair("RS256"),
    EdDSA: await pair("EdDSA"),
    stranger: await pair("ES256"),
  };
  jwks = await Promise.all(
    (["ES256", "RS256", "EdDSA"] as const).map(async (kid) => ({
      ...await exportJWK(pairs[kid].publicKey),
      kid,
      alg: kid,
      use: "sig",
    })),
  );
});

type TokenInput = {
  readonly claims?: Record<string, unknown>;
  readonly without?: readonly string[];
  readonly kid?: string;
  readonly alg?: string;
  readonly key?: CryptoKey | Uint8Array;
};

/** A token of the peer for us, five minutes long, unless told otherwise. */
async function tokenOf(input: TokenInput = {}): Promise<string> {
  const { kid = "ES256", alg = kid, key = pairs.ES256.privateKey } = input;
  const claims: Record<string, unknown> = {
    iss: PEER,
    sub: PEER,
    aud: HOME,
    iat: NOW,
    exp: NOW + 300,
    jti: "1",
    ...input.claims,
  };
  for (const name of input.without ?? []) delete claims[name];
  return await new SignJWT(claims).setProtectedHeader({ alg, kid, typ: "JWT" }).sign(key);
}

function setUp(peers: readonly Peer[] = [plain]) {
  const published = documents();
  published.set(`${PEER}/.well-known/openid-configuration`, {
    issuer: PEER,
    jwks_uri: `${PEER}/jwks`,
  });
  published.set(`${PEER}/jwks`, { keys: jwks });
  const clock = { ms: NOW * 1000 };
  const clockMs = () => clock.ms;
  const used = new Set<string>();
  const kept: number[] = [];
  const authenticate = authenticator({
    peers: () => Promise.resolve(peers),
    serverId: HOME,
    issuerKeys: issuerKeys({ readDocument: published.read, crypto: NATIVE, clockMs }),
    seenTokens: {
      firstUse: (issuer, jti, until) => {
        kept.push(until);
        const id = `${issuer} ${jti}`;
        if (used.has(id)) return Promise.resolve(false);
        used.add(id);
        return Promise.resolve(true);
      },
    },
    crypto: NATIVE,
    clockMs,
  });
  const call = (
    token: string,
    more: Partial<Parameters<typeof authenticate>[0]> = {},
  ) => authenticate({ authorization: `Bearer ${token}`, onlyOnce: false, ...more });
  return { published, clock, authenticate, call, kept };
}

const unauthenticated = (message: string) => ({ ok: false, code: "unauthenticated", message });

describe("authenticator()", () => {
  it.each(["ES256", "RS256", "EdDSA"] as const)("knows the peer by a token of %s", async (kid) => {
    const { call } = setUp();
    expect(await call(await tokenOf({ kid, key: pairs[kid].privateKey }))).toEqual(accept(plain));
  });

  it.each<[string, TokenInput, string]>([
    ["another issuer", { claims: { iss: "https://x.example" } }, NO_AGREEMENT],
    ["an issuer with a slash more", { claims: { iss: `${PEER}/` } }, NO_AGREEMENT],
    ["an issuer in capitals", { claims: { iss: PEER.toUpperCase() } }, NO_AGREEMENT],
    ["another subject", { claims: { sub: "someone" } }, NO_AGREEMENT],
    ["another audience", { claims: { aud: "https://x.example" } }, NO_AGREEMENT],
    [
      "a second audience",
      { claims: { aud: [HOME, "https://x.example"] } },
      "the token must have exactly one aud",
    ],
    ["no audience", { without: ["aud"] }, "the token must have exactly one aud"],
    ["no subject", { without: ["sub"] }, "the token must have iss and sub"],
    ["no issuer", { without: ["iss"] }, "the token must have iss and sub"],
    ["a subject that is a number", { claims: { sub: 1 } }, "the token must have iss and sub"],
    ["no end", { without: ["exp"] }, "the token's exp does not hold"],
    ["no beginning", { without: ["iat"] }, "the token's iat does not hold"],
    ["an end that is over", { claims: { exp: NOW - 61 } }, "the token has expired"],
    ["a beginning to come", { claims: { iat: NOW + 61 } }, "the token's iat does not hold"],
    ["not before a later time", { claims: { nbf: NOW + 61 } }, "the token's nbf does not hold"],
    ["two days", { claims: { exp: NOW + 2 * 86_400 } }, "the token is valid for more than a day"],
    [
      "a kid that is not there",
      { kid: "other", alg: "ES256" },
      "the token is signed by a key that its issuer does not have",
    ],
  ])("refuses %s", async (_, input, message) => {
    expect(await setUp().call(await tokenOf(input))).toEqual(unauthenticated(message));
  });

  it("takes times with fractions, and remembers the token until a whole second", async () => {
    const { call, kept } = setUp();
    const claims = { iat: NOW - 0.25, exp: NOW + 299.5 };
    expect(await call(await tokenOf({ claims }), { onlyOnce: true })).toEqual(accept(plain));
    expect(kept).toEqual([NOW + 300 + 60]);
  });

  it("refuses a stranger's signature under a known kid", async () => {
    const token = await tokenOf({ key: pairs.stranger.privateKey });
    expect(await setUp().call(token)).toEqual(unauthenticated("the token's signature is wrong"));
  });

  it("allows a minute of difference between the clocks", async () => {
    const { call } = setUp();
    for (const claims of [{ exp: NOW - 59 }, { iat: NOW + 60 }, { nbf: NOW + 60 }]) {
      expect((await call(await tokenOf({ claims }))).ok).toBe(true);
    }
  });

  it("refuses none and HMAC, also with the public key as secret", async () => {
    const { call } = setUp();
    const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
    const [, claims] = (await tokenOf()).split(".");
    const message = "the token must be signed with one of ES256, RS256, EdDSA";
    for (const alg of ["none", "None", "NONE", "HS256", "HS512", "ES384", "PS256"]) {
      const token = `${part({ alg, kid: "ES256" })}.${claims}.`;
      expect(await call(token)).toEqual(unauthenticated(message));
    }
    const secret = new TextEncoder().encode(JSON.stringify(jwks[0]));
    expect(await call(await tokenOf({ alg: "HS256", key: secret }))).toEqual(
      unauthenticated(message),
    );
  });

  it("refuses an algorithm that is not the key's", async () => {
    const token = await tokenOf({ kid: "RS256", alg: "ES256" });
    expect(await setUp().call(token)).toEqual(unauthenticated("the token's signature is wrong"));
  });

  it("refuses every change of a token", async () => {
    const { call } = setUp();
    const token = await tokenOf();
    for (let at = 0; at < token.length; at += 3) {
      const letter = token[at] === "A" ? "B" : "A";
      expect((await call(token.slice(0, at) + letter + token.slice(at + 1))).ok).toBe(false);
    }
    // Only two bits of the last letter of a signature count; the others must be zero.
    const last = token.at(-1) ?? "";
    for (const letter of "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_") {
      if (letter === last) continue;
      expect((await call(token.slice(0, -1) + letter)).ok).toBe(false);
    }
  });

  it.each([
    [null, "the call has no authorization header"],
    ["", "authorization must be Bearer and a token of at most 8 KiB"],
    ["Basic YTpi", "authorization must be Bearer and a token of at most 8 KiB"],
    ["Bearer", "authorization must be Bearer and a token of at most 8 KiB"],
    [`Bearer ${"a".repeat(8193)}`, "authorization must be Bearer and a token of at most 8 KiB"],
    [
      `Bearer ${"a".repeat(9_000_000)}`,
      "authorization must be Bearer and a token of at most 8 KiB",
    ],
    ["Bearer a.b.c", "the token is not a JWT"],
    ["Bearer abc", "the token is not a JWT"],
    [`Bearer ${Buffer.from("[]").toString("base64url")}.e30.x`, "the token is not a JWT"],
  ])("refuses the header %.30s", async (authorization, message) => {
    const { authenticate } = setUp();
    expect(await authenticate({ authorization, onlyOnce: false })).toEqual(
      unauthenticated(message),
    );
  });

  it("takes a token once where that is asked for, and only with a jti", async () => {
    const { call } = setUp();
    const token = await tokenOf();
    expect((await call(token)).ok).toBe(true);
    expect((await call(token, { onlyOnce: true })).ok).toBe(true);
    expect(await call(token, { onlyOnce: true })).toEqual(
      unauthenticated("the token was used before"),
    );
    const nameless = await tokenOf({ without: ["jti"] });
    const unkept = await tokenOf({ claims: { jti: "a\0b" } });
    const strange = await tokenOf({ claims: { jti: "a\nb" } });
    for (const one of [nameless, unkept, strange]) {
      expect(await call(one, { onlyOnce: true })).toEqual(
        unauthenticated("the token must have a jti for this method"),
      );
      expect((await call(one)).ok).toBe(true);
    }
  });

  it("does not spend a jti on a token that is refused", async () => {
    const { call } = setUp();
    const wait = refuse("resource_exhausted", "wait");
    const mayGoOn = () => Promise.resolve(wait);
    expect(await call(await tokenOf(), { onlyOnce: true, mayGoOn })).toEqual(wait);
    expect(await call(await tokenOf(), { mayGoOn })).toEqual(wait);
    await call(await tokenOf({ key: pairs.stranger.privateKey }), { onlyOnce: true });
    expect((await call(await tokenOf(), { onlyOnce: true })).ok).toBe(true);
  });

  it("asks for the certificate of the agreement, on top of the token", async () => {
    const certificateFingerprint = "ab".repeat(32);
    const { call } = setUp([peerOf({ ...plain, auth: { certificateFingerprint } })]);
    const token = await tokenOf();
    const refused = unauthenticated("the agreement asks for another client certificate");
    expect(await call(token)).toEqual(refused);
    expect(await call(token, { certificateFingerprint: "cd".repeat(32) })).toEqual(refused);
    expect((await call(token, { certificateFingerprint })).ok).toBe(true);
  });

  it("does not let in before or after the agreement", async () => {
    const past = "2020-01-01T00:00:00Z";
    const future = "2040-01-01T00:00:00Z";
    for (const span of [{ thru: past }, { from: future }]) {
      expect(await setUp([peerOf({ ...plain, ...span })]).call(await tokenOf())).toEqual({
        ok: false,
        code: "permission_denied",
        message: "the agreement is not in force",
      });
    }
  });

  it("lets nobody in when two agreements name the same token", async () => {
    const twin = peerOf({
      name: "twin",
      serverId: asServerId("https://twin.example"),
      auth: { issuer: PEER, subject: PEER },
    });
    expect(await setUp([plain, twin]).call(await tokenOf())).toEqual(
      unauthenticated(NO_AGREEMENT),
    );
  });

  it("asks nobody for pinned keys, and takes no others", async () => {
    const pinned = peerOf({ ...plain, auth: { jwks: { keys: jwks.slice(1) } } });
    const { call, published } = setUp([pinned]);
    expect((await call(await tokenOf({ kid: "RS256", key: pairs.RS256.privateKey }))).ok).toBe(
      true,
    );
    expect((await call(await tokenOf())).ok).toBe(false);
    expect(published.reads()).toBe(0);
  });
});

describe("issuerKeys()", () => {
  it("reads once for many calls, and again after five minutes", async () => {
    const { call, published, clock } = setUp();
    const token = await tokenOf({ claims: { exp: NOW + 3600 } });
    await Promise.all([call(token), call(token), call(token)]);
    expect(published.reads()).toBe(2);
    clock.ms += 300_000;
    await call(token);
    expect(published.reads()).toBe(2);
    clock.ms += 1;
    await call(token);
    expect(published.reads()).toBe(4);
  });

  it("takes a new key at once, but is not driven to read more often than every ten seconds", async () => {
    const { call, published, clock } = setUp();
    await call(await tokenOf());
    const next = await generateKeyPair("ES256", { extractable: true });
    const rotated = await tokenOf({ kid: "next", alg: "ES256", key: next.privateKey });
    clock.ms += 9_999;
    for (let again = 0; again < 50; again++) expect((await call(rotated)).ok).toBe(false);
    expect(published.reads()).toBe(2);
    published.set(`${PEER}/jwks`, {
      keys: [...jwks, { ...await exportJWK(next.publicKey), kid: "next" }],
    });
    clock.ms += 1;
    expect((await call(rotated)).ok).toBe(true);
    expect(published.reads()).toBe(4);
  });

  it("goes on with known keys for a day when the issuer is away", async () => {
    const { call, published, clock } = setUp();
    const token = await tokenOf({ claims: { exp: NOW + 86_400 } });
    await call(token);
    published.remove(`${PEER}/jwks`);
    clock.ms += 86_400_000;
    expect((await call(token)).ok).toBe(true);
    clock.ms += 30_000;
    expect(await call(token)).toEqual(
      refuse("unavailable", "the issuer's keys cannot be read: no answer"),
    );
  });

  it("drops a key that its issuer took back", async () => {
    const { call, published, clock } = setUp();
    const token = await tokenOf({ claims: { exp: NOW + 3600 } });
    expect((await call(token)).ok).toBe(true);
    published.set(`${PEER}/jwks`, { keys: jwks.slice(1) });
    clock.ms += 300_001;
    expect((await call(token)).ok).toBe(false);
  });

  it.each([
    [
      "another issuer's configuration",
      { issuer: "https://x.example", jwks_uri: `${PEER}/jwks` },
      "its openid-configuration names another issuer",
    ],
    ["no configuration", { hello: "world" }, "no valid openid-configuration"],
    ["an array", [], "no valid openid-configuration"],
  ])("refuses %s", async (_, document, message) => {
    const { call, published } = setUp();
    published.set(`${PEER}/.well-known/openid-configuration`, document);
    expect(await call(await tokenOf())).toEqual(
      refuse("unavailable", `the issuer's keys cannot be read: ${message}`),
    );
  });
});

describe("with a real OpenID Connect provider", () => {
  const provider = new OAuth2Server();
  let kid = "";

  beforeAll(async () => {
    kid = (await provider.issuer.keys.generate("RS256")).kid;
    await provider.start(0, "127.0.0.1");
  });
  afterAll(() => provider.stop());

  let clockMs = Date.now();
  beforeEach(() => {
    clockMs = Date.now();
  });

  it("lets in whom it names, also after it rotated its keys", async () => {
    const issuer = provider.issuer.url ?? "";
    const peer = peerOf({ auth: { issuer, subject: "robot", audience: "keys" } });
    const authenticate = authenticator({
      peers: () => Promise.resolve([peer]),
      serverId: HOME,
      issuerKeys: issuerKeys({
        readDocument: async (url) => {
          const response = await fetch(url);
          return accept(new Uint8Array(await response.arrayBuffer()));
        },
        crypto: NATIVE,
        clockMs: () => clockMs,
      }),
      seenTokens: { firstUse: () => Promise.resolve(true) },
      crypto: NATIVE,
      clockMs: () => clockMs,
    });
    const call = async (key: string, sub = "robot") => {
      const token = await provider.issuer.buildToken({
        kid: key,
        scopesOrTransform: (_, claims) => Object.assign(claims, { sub, aud: "keys" }),
      });
      return await authenticate({ authorization: `Bearer ${token}`, onlyOnce: false });
    };
    expect(await call(kid)).toEqual(accept(peer));
    expect((await call(kid, "somebody")).ok).toBe(false);
    const next = await provider.issuer.keys.generate("ES256");
    clockMs += 10_000;
    expect(await call(next.kid)).toEqual(accept(peer));
  });
});

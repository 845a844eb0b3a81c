import { Buffer } from "node:buffer";
import { exportSPKI, generateKeyPair, jwtVerify, SignJWT } from "jose";
import { describe, expect, it } from "vitest";
import { signEcdsa } from "../../src/keys/crypto.ts";
import type { JwksAlgorithm, JwksKey } from "../../src/keys/jwks.ts";
import {
  checkTimes,
  hasAudience,
  type Jwt,
  readJwt,
  signJwt,
  verifyJwt,
  verifyJwtByAny,
} from "../../src/keys/jwt.ts";
import { NATIVE } from "../support/crypto-providers.ts";

const ALGORITHMS: readonly JwksAlgorithm[] = ["ES256", "RS256", "EdDSA"];
const LIMITS = { maxCharacters: 4096, algorithms: ALGORITHMS };
const NOW = 1_750_000_000;

const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString("base64url");
const unsigned = (header: unknown, claims: unknown, signature = "AAAA") =>
  `${part(header)}.${part(claims)}.${signature}`;

function read(text: string): Jwt {
  const jwt = readJwt(text, LIMITS);
  if (typeof jwt === "string") throw new Error(jwt);
  return jwt;
}

async function signedBy(algorithm: JwksAlgorithm): Promise<{ jwt: Jwt; key: JwksKey }> {
  const pair = await generateKeyPair(algorithm, { extractable: true });
  const text = await new SignJWT({ iss: "x" }).setProtectedHeader({ alg: algorithm, kid: "k" })
    .sign(pair.privateKey);
  return {
    jwt: read(text),
    key: { kid: "k", algorithm, publicKeyPem: await exportSPKI(pair.publicKey) },
  };
}

describe("readJwt()", () => {
  it("takes a token apart", () => {
    const text = unsigned({ alg: "ES256", kid: "v1" }, { iss: "x", exp: 1 });
    expect(read(text)).toEqual({
      text,
      algorithm: "ES256",
      keyId: "v1",
      claims: { iss: "x", exp: 1 },
    });
    expect(read(unsigned({ alg: "ES256", kid: 1 }, {})).keyId).toBeUndefined();
  });

  it("refuses every algorithm that is not asked for, none and HMAC among them", () => {
    for (
      const alg of ["none", "None", "HS256", "HS512", "ES384", "PS256", "", 1, null, undefined]
    ) {
      expect(readJwt(unsigned({ alg }, {}), LIMITS)).toBe("algorithm");
      expect(readJwt(unsigned({ alg }, {}, ""), LIMITS)).toBe("algorithm");
    }
    const onlyEs256 = { ...LIMITS, algorithms: ["ES256"] } as const;
    expect(readJwt(unsigned({ alg: "RS256" }, {}), onlyEs256)).toBe("algorithm");
  });

  it.each([
    ["an empty text", ""],
    ["two parts", "e30.e30"],
    ["five parts", "e30.e30.e30.e30.e30"],
    ["white space", `${unsigned({ alg: "ES256" }, {})} `],
    ["white space in a part", unsigned({ alg: "ES256" }, {}).replace(".", "\n.")],
    ["padding", "e30=.e30.AAAA"],
    ["no JSON", "AAAA.AAAA.AAAA"],
    [
      "no UTF-8",
      `${part({ alg: "ES256" })}.${
        Buffer.from('{"a":"\xff"}', "latin1").toString("base64url")
      }.AAAA`,
    ],
    ["a header that is an array", unsigned([], {})],
    ["claims that are null", unsigned({ alg: "ES256" }, null)],
    ["critical extensions", unsigned({ alg: "ES256", crit: ["b64"], b64: false }, {})],
  ])("calls %s malformed", (_, text) => {
    expect(readJwt(text, LIMITS)).toBe("malformed");
  });

  it("does not look at a text that is too long", () => {
    const text = unsigned({ alg: "ES256" }, { pad: "x" });
    const maxCharacters = text.length;
    expect(readJwt(text, { ...LIMITS, maxCharacters })).toMatchObject({ algorithm: "ES256" });
    expect(readJwt(`${text}A`, { ...LIMITS, maxCharacters })).toBe("malformed");
  });
});

describe("verifyJwtByAny()", () => {
  it.each(ALGORITHMS)("verifies %s", async (algorithm) => {
    const { jwt, key } = await signedBy(algorithm);
    const { key: other } = await signedBy(algorithm);
    expect(await verifyJwtByAny(jwt, [key])).toBe(true);
    expect(await verifyJwtByAny(jwt, [other, key])).toBe(true);
    expect(await verifyJwtByAny(jwt, [other])).toBe(false);
    expect(await verifyJwtByAny(jwt, [])).toBe(false);
    const [header, , signature] = jwt.text.split(".");
    const changed = read(`${header}.${part({ iss: "y" })}.${signature}`);
    expect(await verifyJwtByAny(changed, [key])).toBe(false);
    expect(await verifyJwtByAny(read(`${header}.${part({ iss: "x" })}.`), [key])).toBe(false);
  });

  it("goes on after a key that cannot be imported, or is for another algorithm", async () => {
    const { jwt, key } = await signedBy("ES256");
    const { key: other } = await signedBy("RS256");
    const broken = { kid: "k", algorithm: "ES256", publicKeyPem: "no key" } as const;
    expect(await verifyJwtByAny(jwt, [broken, other, key])).toBe(true);
    expect(await verifyJwtByAny(jwt, [{ ...key, algorithm: "RS256" }])).toBe(false);
  });
});

describe("signJwt()", () => {
  it("makes a token that jose and verifyJwt() verify", async () => {
    const { privateKey, publicKey } = await generateKeyPair("ES256");
    const claims = { iss: "x", iat: NOW, exp: NOW + 60 };
    const text = await signJwt((data) => signEcdsa(NATIVE, privateKey, data), "v1", claims);
    const verified = await jwtVerify(text, publicKey, { currentDate: new Date(NOW * 1000) });
    expect(verified.protectedHeader).toEqual({ alg: "ES256", kid: "v1", typ: "JWT" });
    expect(verified.payload).toEqual(claims);
    expect(await verifyJwt(read(text), "ES256", publicKey)).toBe(true);
  });
});

describe("checkTimes()", () => {
  const times = { iat: NOW, exp: NOW + 300 };

  it("answers the times when they hold, each off by the tolerance at most", () => {
    const held = (claims: object, issuedAt = NOW, expiresAt = NOW + 300) =>
      expect(checkTimes({ ...times, ...claims }, NOW, 60))
        .toEqual({ ok: true, issuedAt, expiresAt });
    held({});
    held({ exp: NOW - 59 }, NOW, NOW - 59);
    held({ iat: NOW + 60 }, NOW + 60);
    held({ nbf: NOW + 60 });
  });

  it.each([
    [{ exp: undefined }, "exp", "malformed", "exp is missing or no number"],
    [{ exp: "1" }, "exp", "malformed", "exp is missing or no number"],
    [{ iat: null }, "iat", "malformed", "iat is missing or no number"],
    [{ nbf: "1" }, "nbf", "malformed", "nbf is no number"],
    [{ exp: NOW - 60 }, "exp", "untimely", "it expired 60 s ago"],
    [{ iat: NOW + 61 }, "iat", "untimely", "it was issued 61 s in the future"],
    [{ nbf: NOW + 61 }, "nbf", "untimely", "it is not valid before 61 s from now"],
  ])("tells what does not hold: %j", (claims, claim, kind, text) => {
    expect(checkTimes({ ...times, ...claims }, NOW, 60)).toEqual({ ok: false, claim, kind, text });
  });
});

describe("hasAudience()", () => {
  it.each([
    ["a", true],
    [["b", "a"], true],
    ["b", false],
    [[], false],
    [undefined, false],
    [{ a: true }, false],
  ])("%j: %s", (claim, has) => {
    expect(hasAudience(claim, "a")).toBe(has);
  });
});

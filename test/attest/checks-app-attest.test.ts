import { decode, encode } from "cborg";
import { beforeAll, describe, expect, it } from "vitest";
import type { AppleAuthority } from "../../src/device/attest/apple.ts";
import { type CertificateWish, makeCertificate } from "../../src/device/attest/certificates.ts";
import { concatBytes, derToPem } from "../../src/keys/pem.ts";
import { Extension } from "../../src/keys/x509-generator.ts";
import { NATIVE } from "../support/crypto-providers.ts";
import { attestation, newPhoneKey, type Tampering } from "./phone.ts";
import {
  authorityOf,
  DAY_MS,
  judged,
  makeVendors,
  NOW_MS,
  refused,
  type Vendors,
} from "./specimens.ts";
import { base64 } from "./world.ts";

/** One check: an input that only it refuses, and the reason. Without the check the row fails. */
type Row = readonly [check: string, reason: string, input: () => Promise<Uint8Array>];

let vendors: Vendors;
beforeAll(async () => {
  vendors = await makeVendors();
});

const made = (tampering: Tampering = {}, key?: CryptoKeyPair) =>
  attestation(vendors.apple, vendors.hash, NOW_MS, tampering, key);
/** The object with a member more, in CBOR as told. */
const withMember = async (value: Uint8Array) =>
  concatBytes(Uint8Array.of(0xa4), (await made()).subarray(1), encode("x"), value);
/** An attestation of other members. */
const object = async (
  change: (
    members: { fmt: unknown; attStmt: Record<string, unknown>; authData: unknown },
  ) => object,
) => {
  return encode(change(decode(await made())));
};
/** Arrays in arrays, around a number. */
const nested = (levels: number) => concatBytes(new Uint8Array(levels).fill(0x81), Uint8Array.of(0));
const byte = (value: number) => (bytes: Uint8Array) => concatBytes(bytes, Uint8Array.of(value));
/** Where the COSE key begins. */
const KEY_AT = 87;

describe("a one-time attestation of App Attest", () => {
  it("is accepted when nothing is wrong", async () => {
    const outcome = await judged(
      vendors.deps,
      authorityOf(vendors, "appattest"),
      base64(await made()),
    );
    expect(outcome).toMatchObject({ ok: true, value: { hash: expect.any(String) } });
  });

  it("may nest seven levels in a member that nobody knows", async () => {
    const payload = base64(await withMember(nested(7)));
    expect(await judged(vendors.deps, authorityOf(vendors, "appattest"), payload))
      .toMatchObject({ ok: true });
  });

  it.each<Row>([
    [
      "lengths in their shortest form",
      "malformed",
      async () => concatBytes(Uint8Array.of(0xb8, 3), (await made()).subarray(1)),
    ],
    [
      "definite lengths",
      "malformed",
      async () => concatBytes(Uint8Array.of(0xbf), (await made()).subarray(1), Uint8Array.of(0xff)),
    ],
    [
      "no key twice",
      "malformed",
      async () =>
        concatBytes(
          Uint8Array.of(0xa4),
          (await made()).subarray(1),
          encode("fmt"),
          encode("apple-appattest"),
        ),
    ],
    ["no undefined", "malformed", () => withMember(Uint8Array.of(0xf7))],
    ["no NaN", "malformed", () => withMember(Uint8Array.of(0xf9, 0x7e, 0))],
    ["no infinity", "malformed", () => withMember(Uint8Array.of(0xf9, 0x7c, 0))],
    ["eight levels", "malformed", () => withMember(nested(8))],
    ["levels that any stack can hold", "malformed", () => withMember(nested(10_000))],
    ["nothing after it", "malformed", async () => byte(0)(await made())],
    ["its format", "malformed", () => object((all) => ({ ...all, fmt: "packed" }))],
    ["a statement", "malformed", () => object((all) => ({ ...all, attStmt: [] }))],
    ["authenticator data in bytes", "malformed", () => object((all) => ({ ...all, authData: "" }))],
    [
      "a list of certificates",
      "malformed",
      () => object((all) => ({ ...all, attStmt: { ...all.attStmt, x5c: "none" } })),
    ],
    [
      "certificates in bytes",
      "malformed",
      () => object((all) => ({ ...all, attStmt: { ...all.attStmt, x5c: ["leaf", "authority"] } })),
    ],
    [
      "a receipt",
      "malformed",
      () => object((all) => ({ ...all, attStmt: { ...all.attStmt, receipt: "" } })),
    ],
    ["two certificates, not one", "chain", () => made({ x5c: (chain) => chain.slice(0, 1) })],
    [
      "two certificates, not three",
      "chain",
      () => made({ x5c: (chain) => [...chain, ...chain.slice(1)] }),
    ],
    [
      "authenticator data of 1 KiB",
      "malformed",
      () => made({ authData: (data) => concatBytes(data, encode({ x: new Uint8Array(1024) })) }),
    ],
    ["all of the head", "malformed", () => made({ authData: (data) => data.subarray(0, 40) })],
    [
      "a map for a key",
      "malformed",
      () => made({ authData: (data) => concatBytes(data.subarray(0, KEY_AT), encode([1])) }),
    ],
    [
      "a map for extensions",
      "malformed",
      () => made({ authData: (data) => concatBytes(data, encode([1])) }),
    ],
    ["nothing after the extensions", "malformed", () => made({ category: 4, authData: byte(0) })],
    ["a category of four bytes", "malformed", () =>
      made({
        authData: (data) =>
          concatBytes(
            data,
            encode({ apple_validation_category_01: new Uint8Array(5).fill(4, 0, 1) }),
          ),
      })],
    ["a leaf that is no authority", "chain", () => made({ leafIsAuthority: true })],
    ["a leaf that has not expired", "chain", () => made({ leafNotAfter: NOW_MS - 1000 })],
    ["a leaf that is valid already", "chain", () => made({ leafNotBefore: NOW_MS + 1000 })],
    ["a leaf of the authority by name", "chain", () => made({ issuerName: "CN=other" })],
    ["a leaf of the authority by signature", "chain", async () => {
      const { privateKey: key } = await newPhoneKey();
      const { der, issuing } = vendors.apple;
      return await attestation({ der, issuing: { ...issuing, key } }, vendors.hash, NOW_MS);
    }],
    [
      "a certificate and nothing else",
      "chain",
      () =>
        made({
          x5c: (
            [leaf, authority],
          ) => [byte(0)(leaf ?? authority ?? new Uint8Array()), vendors.apple.der],
        }),
    ],
    [
      "a certificate of 4 KiB",
      "chain",
      () => made({ extensions: [new Extension("1.2.3", false, new Uint8Array(4096))] }),
    ],
    [
      "one nonce",
      "content",
      () =>
        made({ extensions: [new Extension("1.2.840.113635.100.8.2", false, new Uint8Array(38))] }),
    ],
    ["a nonce at all", "content", () => made({ nonce: () => new Uint8Array() })],
    ["nothing after the nonce", "content", () => made({ nonce: byte(0) })],
    [
      "the nonce of this publish",
      "content",
      () => attestation(vendors.apple, new Uint8Array(32), NOW_MS),
    ],
    ["this app", "app", () => made({ teamId: "ZZZZZZZZZZ" })],
    ["the flag of a credential", "malformed", () => made({ flags: 0 })],
    ["a counter of 0", "malformed", () => made({ counter: 1 })],
    ["an environment of App Attest", "environment", () => made({ aaguid: "appattestother" })],
    ["an accepted category", "environment", () => made({ category: 1 })],
    ["a key on P-256", "malformed", async () => {
      const P384 = { name: "ECDSA", namedCurve: "P-384" };
      return await made({}, await NATIVE.subtle.generateKey(P384, true, ["sign", "verify"]));
    }],
    [
      "the credential ID of the key",
      "malformed",
      () => made({ authData: (data) => data.with(60, (data[60] ?? 0) ^ 1) }),
    ],
  ])("must have %s: %s", async (_, reason, input) => {
    const outcome = await judged(
      vendors.deps,
      authorityOf(vendors, "appattest"),
      base64(await input()),
    );
    expect(outcome).toEqual(refused(reason));
  });

  it.each<[string, Tampering]>([
    ["environment", { aaguid: "appattestdevelop" }],
    ["category", { category: 3 }],
  ])("of a development build is let in by its %s only where both sides say so", async (_, wish) => {
    const payload = base64(await made(wish));
    const authority = authorityOf(vendors, "appattest");
    expect(await judged(vendors.deps, authority, payload)).toMatchObject({ ok: true });
    const { isChained } = vendors.deps;
    const anchors = [derToPem(vendors.apple.der, "CERTIFICATE")];
    const strict = {
      ...vendors.deps,
      allowDevelopment: false,
      isChained: (chain: readonly Uint8Array[], _: readonly string[], nowMs: number) =>
        isChained(chain, anchors, nowMs),
    };
    expect(await judged(strict, authority, payload)).toEqual(refused("environment"));
  });

  it("hangs from Apple's root alone in production", async () => {
    const deps = { ...vendors.deps, allowDevelopment: false };
    const outcome = await judged(deps, authorityOf(vendors, "appattest"), base64(await made()));
    expect(outcome).toEqual(refused("chain"));
  });

  it("is used up by its signed bytes, whatever its receipt is", async () => {
    const hashes = await Promise.all([16, 17].map(async (size) => {
      const { attStmt, ...rest } = decode(genuine) as { attStmt: Record<string, unknown> };
      const again = encode({ ...rest, attStmt: { ...attStmt, receipt: new Uint8Array(size) } });
      const outcome = await judged(vendors.deps, authorityOf(vendors, "appattest"), base64(again));
      return outcome.ok ? outcome.value?.hash : undefined;
    }));
    expect(hashes[0]).toMatch(/^[0-9a-f]{64}$/);
    expect(hashes[1]).toBe(hashes[0]);
  });
  let genuine: Uint8Array;
  beforeAll(async () => {
    genuine = await made();
  });
});

describe("an authority between leaf and anchor", () => {
  const P256 = { name: "ECDSA", namedCurve: "P-256" } as const;
  const ROOT = "CN=root";
  let root: CryptoKeyPair;
  const certificate = (wish: Partial<CertificateWish> & { readonly publicKey: CryptoKey }) =>
    makeCertificate(NATIVE, {
      subject: ROOT,
      isAuthority: true,
      issuer: { name: ROOT, key: root.privateKey, hash: "SHA-256" },
      notBefore: NOW_MS - DAY_MS,
      notAfter: NOW_MS + DAY_MS,
      ...wish,
    });
  /** Judges an attestation by an intermediate authority and a root with something wrong. */
  const judgedBy = async (
    middle: Partial<CertificateWish> = {},
    anchor: Partial<CertificateWish> = {},
  ) => {
    const pair = await newPhoneKey();
    const issuing: AppleAuthority["issuing"] = {
      name: "CN=middle",
      key: pair.privateKey,
      hash: "SHA-256",
    };
    const der = await certificate({ subject: issuing.name, publicKey: pair.publicKey, ...middle });
    const rootDer = await certificate({ publicKey: root.publicKey, ...anchor });
    const payload = await attestation({ der, issuing }, vendors.hash, NOW_MS);
    const trustAnchors = [derToPem(rootDer, "CERTIFICATE")];
    const authority = authorityOf(vendors, "appattest", { trustAnchors });
    return await judged(vendors.deps, authority, base64(payload));
  };

  beforeAll(async () => {
    root = await NATIVE.subtle.generateKey(P256, true, ["sign", "verify"]);
  });

  it("is accepted when nothing is wrong", async () => {
    expect(await judgedBy()).toMatchObject({ ok: true });
  });

  it.each<[string, Partial<CertificateWish>, Partial<CertificateWish>]>([
    ["be an authority", { isAuthority: false }, {}],
    ["not have expired", { notAfter: NOW_MS - 1000 }, {}],
    ["be valid already", { notBefore: NOW_MS + 1000 }, {}],
    ["have the name that the leaf tells", { subject: "CN=other" }, {}],
    ["hang from an anchor that is an authority", {}, { isAuthority: false }],
    ["hang from an anchor that has not expired", {}, { notAfter: NOW_MS - 1000 }],
    ["hang from an anchor that is valid already", {}, { notBefore: NOW_MS + 1000 }],
    ["hang from an anchor by name", {}, { subject: "CN=other" }],
  ])("must %s", async (_, middle, anchor) => {
    expect(await judgedBy(middle, anchor)).toEqual(refused("chain"));
  });

  it("must hang from an anchor by signature", async () => {
    const other = await newPhoneKey();
    const issuer = { name: ROOT, key: other.privateKey, hash: "SHA-256" };
    expect(await judgedBy({ issuer })).toEqual(refused("chain"));
  });
});

import { Buffer } from "node:buffer";
import { X509Certificate } from "node:crypto";
import { beforeAll, describe, expect, it } from "vitest";
import { makeCertificate } from "../../src/device/attest/certificates.ts";
import { pemToDer } from "../../src/keys/pem.ts";
import { type Certificate, parseCertificate } from "../../src/keys/x509.ts";
import { Extension, SubjectAlternativeNameExtension } from "../../src/keys/x509-generator.ts";
import { APPLE_ROOT_PEM } from "../../src/attest/app-attest/apple-root.ts";
import { NATIVE } from "../support/crypto-providers.ts";
import { APPLE_SAMPLE_INTERMEDIATE, APPLE_SAMPLE_LEAF } from "../vectors/apple-app-attest.ts";

const NOT_BEFORE = Date.UTC(2020, 0, 2, 3, 4, 5);
/** From 2050 on, certificates tell the time in another form. */
const NOT_AFTER = Date.UTC(2051, 11, 31, 23, 59, 58);
const RSA = { modulusLength: 2048, publicExponent: Uint8Array.of(1, 0, 1), hash: "SHA-384" };
const OID = "1.2.840.113635.100.8.2";

const parsed = (der: Uint8Array): Certificate => {
  const certificate = parseCertificate(NATIVE, der);
  if (certificate === undefined) throw new Error("no certificate");
  return certificate;
};
const bytes = (base64: string) => new Uint8Array(Buffer.from(base64, "base64"));

describe("parseCertificate()", () => {
  let pair: CryptoKeyPair;
  const made = (change: Partial<Parameters<typeof makeCertificate>[1]> = {}) =>
    makeCertificate(NATIVE, {
      subject: "CN=leaf, O=Example",
      publicKey: pair.publicKey,
      isAuthority: false,
      issuer: { name: "CN=root", key: pair.privateKey, hash: "SHA-256" },
      notBefore: NOT_BEFORE,
      notAfter: NOT_AFTER,
      extensions: [
        new Extension(OID, false, Uint8Array.of(4, 1, 7)),
        new SubjectAlternativeNameExtension([
          { type: "email", value: "x@example.org" },
          { type: "dns", value: "attest.android.com" },
        ]),
      ],
      ...change,
    });

  beforeAll(async () => {
    const algorithm = { name: "ECDSA", namedCurve: "P-256" };
    pair = await NATIVE.subtle.generateKey(algorithm, true, ["sign", "verify"]);
  });

  it("reads what a certificate says", async () => {
    const der = await made();
    const found = parsed(der);
    const spki = new Uint8Array(await NATIVE.subtle.exportKey("spki", pair.publicKey));
    expect(found).toMatchObject({
      notBefore: NOT_BEFORE,
      notAfter: NOT_AFTER,
      isAuthority: false,
      dnsNames: ["attest.android.com"],
    });
    expect(found.publicKey).toEqual(spki);
    expect(found.extension(OID)).toEqual(Uint8Array.of(4, 1, 7));
    expect(found.extension("1.2.3")).toBeUndefined();
    expect(found.issuer).not.toEqual(found.subject);
    expect(parsed(await made({ isAuthority: true })).isAuthority).toBe(true);
    const twice = [1, 2].map((value) => new Extension(OID, false, Uint8Array.of(value)));
    expect(parsed(await made({ extensions: twice })).extension(OID)).toBeUndefined();
  });

  it("reads Apple's as OpenSSL does", () => {
    const root = pemToDer(APPLE_ROOT_PEM, "CERTIFICATE") ?? new Uint8Array();
    for (const der of [bytes(APPLE_SAMPLE_LEAF), bytes(APPLE_SAMPLE_INTERMEDIATE), root]) {
      const theirs = new X509Certificate(der);
      const ours = parsed(der);
      expect(ours.isAuthority).toBe(theirs.ca);
      expect([ours.notBefore, ours.notAfter])
        .toEqual([Date.parse(theirs.validFrom), Date.parse(theirs.validTo)]);
    }
  });

  it.each<[string, () => Promise<CryptoKeyPair>, string]>([
    ["P-384", () => generate({ name: "ECDSA", namedCurve: "P-384" }), "SHA-384"],
    ["P-384", () => generate({ name: "ECDSA", namedCurve: "P-384" }), "SHA-256"],
    ["P-256", () => generate({ name: "ECDSA", namedCurve: "P-256" }), "SHA-256"],
    ["RSA", () => generate({ ...RSA, name: "RSASSA-PKCS1-v1_5" }), "SHA-384"],
  ])("knows by whose key one is signed: %s", async (_, generatePair, hash) => {
    const [one, other] = await Promise.all([generatePair(), generatePair()]);
    const issuer = (name: string, { privateKey: key }: CryptoKeyPair) => ({ name, key, hash });
    const root = async (keys: CryptoKeyPair) =>
      parsed(
        await made({
          subject: "CN=root",
          publicKey: keys.publicKey,
          isAuthority: true,
          issuer: issuer("CN=root", keys),
        }),
      );
    const [right, wrong] = [await root(one), await root(other)];
    const leaf = parsed(await made({ issuer: issuer("CN=root", one) }));
    expect(leaf.issuer).toEqual(right.subject);
    for (let count = 0; count < 2; count++) {
      expect(await leaf.isSignedBy(right)).toBe(true);
      expect(await leaf.isSignedBy(wrong)).toBe(false);
      // A key of another kind signed nothing here.
      expect(await leaf.isSignedBy(parsed(await made({ isAuthority: true })))).toBe(false);
    }
  });

  it("is none with a byte more, fewer or between, and never throws whatever is changed", async () => {
    const der = await made();
    expect(parseCertificate(NATIVE, new Uint8Array([...der, 0]))).toBeUndefined();
    const authority = parsed(await made({ isAuthority: true, subject: "CN=root" }));
    for (let at = 0; at < der.length; at++) {
      expect(parseCertificate(NATIVE, der.subarray(0, at))).toBeUndefined();
      for (const value of [0, 0x1f, 0x30, 0x7f, 0x80, 0x84, 0xff]) {
        if (der[at] === value) continue;
        const changed = parseCertificate(NATIVE, der.with(at, value));
        expect(await changed?.isSignedBy(authority) ?? false, `${at} ${value}`).toBe(false);
      }
    }
  });
});

function generate(
  algorithm: EcKeyGenParams | RsaHashedKeyGenParams,
): Promise<CryptoKeyPair> {
  return NATIVE.subtle.generateKey(algorithm, true, ["sign", "verify"]);
}

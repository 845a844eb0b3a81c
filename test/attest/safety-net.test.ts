import { Buffer } from "node:buffer";
import { CompactSign, UnsecuredJWT } from "jose";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { makeCertificate } from "../../src/device/attest/certificates.ts";
import { derToPem } from "../../src/keys/pem.ts";
import { SubjectAlternativeNameExtension } from "../../src/keys/x509-generator.ts";
import { NOON } from "../publish/world.ts";
import { NATIVE } from "../support/crypto-providers.ts";
import { useDatabase } from "../support/database.ts";
import { type AttestWorld, makeAttestWorld } from "./world.ts";

const NOW_MS = NOON * 1000;
const DAY_MS = 86_400_000;
const DIGEST = Buffer.alloc(32, 5).toString("base64");
const RSA = {
  name: "RSASSA-PKCS1-v1_5",
  hash: "SHA-256",
  modulusLength: 2048,
  publicExponent: Uint8Array.of(1, 0, 1),
} as const;
const refused = (reason: string) => ({
  status: 401,
  json: { code: "device_attestation_invalid", error: `device attestation: ${reason}` },
});

describe("SafetyNet of a private installation", () => {
  const database = useDatabase();
  let world: AttestWorld;
  let leafKey: CryptoKeyPair;
  let root: { der: Uint8Array; name: string; key: CryptoKey };
  let leaf: Uint8Array;

  const certified = (publicKey: CryptoKey, dns: string) =>
    makeCertificate(NATIVE, {
      subject: "CN=signer",
      publicKey,
      isAuthority: false,
      issuer: { name: root.name, key: root.key, hash: "SHA-256" },
      notBefore: NOW_MS - DAY_MS,
      notAfter: NOW_MS + DAY_MS,
      extensions: [new SubjectAlternativeNameExtension([{ type: "dns", value: dns }])],
    });

  beforeAll(async () => {
    const rootKey = await NATIVE.subtle.generateKey(RSA, true, ["sign", "verify"]);
    leafKey = await NATIVE.subtle.generateKey(RSA, true, ["sign", "verify"]);
    const name = "CN=private root";
    const der = await makeCertificate(NATIVE, {
      subject: name,
      publicKey: rootKey.publicKey,
      isAuthority: true,
      issuer: { name, key: rootKey.privateKey, hash: "SHA-256" },
      notBefore: NOW_MS - DAY_MS,
      notAfter: NOW_MS + DAY_MS,
    });
    root = { der, name, key: rootKey.privateKey };
    leaf = await certified(leafKey.publicKey, "attest.android.com");
  });
  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOON);
    world = await makeAttestWorld(database());
    world.configure({
      mode: "require",
      android: {
        kind: "safetynet",
        packageName: "org.example.mag",
        certificateDigests: [Buffer.from(DIGEST, "base64").toString("base64url")],
        trustAnchors: [derToPem(root.der, "CERTIFICATE")],
      },
    });
  });
  const claimsFor = (hash: Uint8Array, more: Readonly<Record<string, unknown>> = {}) => ({
    // As the old apps did: base64 of base64.
    nonce: Buffer.from(Buffer.from(hash).toString("base64")).toString("base64"),
    timestampMs: NOW_MS,
    apkPackageName: "org.example.mag",
    apkCertificateDigestSha256: [DIGEST],
    basicIntegrity: true,
    ctsProfileMatch: true,
    ...more,
  });
  const token = (
    claims: unknown,
    { alg = "RS256", key = leafKey.privateKey, x5c = [leaf] as readonly Uint8Array[] } = {},
  ) =>
    new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
      .setProtectedHeader({ alg, x5c: x5c.map((der) => Buffer.from(der).toString("base64")) })
      .sign(key);

  it("lets a genuine token publish, once, with its root in the chain or not", async () => {
    for (const x5c of [[leaf], [leaf, root.der]]) {
      const { body, hash } = await world.attested();
      const payload = await token(claimsFor(hash), { x5c });
      expect(await world.send(body, payload)).toMatchObject({ status: 200 });
      expect(await world.send(body, payload)).toMatchObject(refused("replayed"));
    }
  });

  it.each<[string, string, Readonly<Record<string, unknown>>]>([
    ["of another nonce", "content", { nonce: "AAAA" }],
    ["without a nonce", "content", { nonce: undefined }],
    ["10 min 1 s old", "stale", { timestampMs: NOW_MS - 601_000 }],
    ["61 s ahead", "future", { timestampMs: NOW_MS + 61_000 }],
    ["without a time", "malformed", { timestampMs: undefined }],
    ["of another package", "app", { apkPackageName: "org.other" }],
    ["of another digest", "app", { apkCertificateDigestSha256: ["AAAA"] }],
    ["without a digest", "app", { apkCertificateDigestSha256: undefined }],
    ["without basic integrity", "device", { basicIntegrity: false }],
    ["without a CTS profile", "device", { ctsProfileMatch: undefined }],
    ["with a text for a flag", "malformed", { basicIntegrity: "true" }],
  ])("refuses a token %s: %s", async (_, reason, change) => {
    const { body, hash } = await world.attested();
    expect(await world.send(body, await token(claimsFor(hash, change)))).toMatchObject(
      refused(reason),
    );
  });

  it("refuses other signers, names, algorithms and chains", async () => {
    const { body, hash } = await world.attested();
    const claims = claimsFor(hash);
    const other = await NATIVE.subtle.generateKey(RSA, true, ["sign", "verify"]);
    const elsewhere = await certified(leafKey.publicKey, "attest.example");
    const self = await makeCertificate(NATIVE, {
      subject: root.name,
      publicKey: other.publicKey,
      isAuthority: false,
      issuer: { name: root.name, key: other.privateKey, hash: "SHA-256" },
      notBefore: NOW_MS - DAY_MS,
      notAfter: NOW_MS + DAY_MS,
      extensions: [
        new SubjectAlternativeNameExtension([{ type: "dns", value: "attest.android.com" }]),
      ],
    });
    const rows: [string, string][] = [
      [await token(claims, { key: other.privateKey }), "signature"],
      [await token(claims, { x5c: [elsewhere] }), "chain"],
      [await token(claims, { x5c: [self], key: other.privateKey }), "chain"],
      [await token(claims, { x5c: [] }), "chain"],
      [await token(claims, { x5c: [leaf, root.der, root.der, root.der, root.der] }), "chain"],
      [`${new UnsecuredJWT(claims).encode()}AAAA`, "signature"],
    ];
    for (const [payload, reason] of rows) {
      expect(await world.send(body, payload)).toMatchObject(refused(reason));
    }
  });
});

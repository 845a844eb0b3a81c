import { encode } from "cborg";
import { sha256 } from "../../keys/crypto.ts";
import { concatBytes, derToPem } from "../../keys/pem.ts";
import { Extension } from "../../keys/x509-generator.ts";

import { type Issuing, makeCertificate } from "./certificates.ts";

/** A throw-away App Attest root that certifies phones' keys. */
export type ThrowAwayApple = {
  /** For `trustAnchors`. */
  readonly rootPem: string;
  /** PKCS #8 of the root's key; keep it with the certificate. */
  readonly rootKey: Uint8Array<ArrayBuffer>;
};

/** An app on a phone. */
export type AttestedApp = { readonly teamId: string; readonly bundleId: string };

/** The contents of an attestation. The defaults are those of a development build. */
export type AttestationWish = AttestedApp & {
  /** The 32 bytes that the app passes to its phone. */
  readonly clientDataHash: Uint8Array;
  readonly nowMs: number;
  readonly aaguid?: string;
  readonly counter?: number;
  readonly flags?: number;
  /** `apple_validation_category_01`. */
  readonly category?: number;
};

const P384 = { name: "ECDSA", namedCurve: "P-384" } as const;
const P256 = { name: "ECDSA", namedCurve: "P-256" } as const;
const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;
const ROOT_NAME = "CN=Throw-away App Attestation Root CA";
const CA_NAME = "CN=Throw-away App Attestation CA 1";
const ROOT_HASH = "SHA-384";
const CA_HASH = "SHA-256";
const NONCE_OID = "1.2.840.113635.100.8.2";
const NONCE_HEAD = Uint8Array.of(0x30, 0x24, 0xa1, 0x22, 0x04, 0x20);
const DEVELOPMENT_AAGUID = "appattestdevelop";
const CREDENTIAL_FLAG = 0x40;

/** Creates a root that is valid for ten years. */
export async function makeApple(crypto: Crypto, nowMs: number): Promise<ThrowAwayApple> {
  const root = await crypto.subtle.generateKey(P384, true, ["sign", "verify"]);
  const der = await makeCertificate(crypto, {
    subject: ROOT_NAME,
    publicKey: root.publicKey,
    isAuthority: true,
    issuer: { name: ROOT_NAME, key: root.privateKey, hash: ROOT_HASH },
    notBefore: nowMs - DAY_MS,
    notAfter: nowMs + 10 * YEAR_MS,
  });
  return {
    rootPem: derToPem(der, "CERTIFICATE"),
    rootKey: new Uint8Array(await crypto.subtle.exportKey("pkcs8", root.privateKey)),
  };
}

/** An intermediate authority, certified by a root. */
export type AppleAuthority = { readonly der: Uint8Array; readonly issuing: Issuing };

/** Certifies an intermediate authority. */
export async function makeAuthority(
  crypto: Crypto,
  { rootKey }: Pick<ThrowAwayApple, "rootKey">,
  nowMs: number,
): Promise<AppleAuthority> {
  const key = await crypto.subtle.importKey("pkcs8", new Uint8Array(rootKey), P384, false, [
    "sign",
  ]);
  const pair = await crypto.subtle.generateKey(P384, true, ["sign", "verify"]);
  const der = await makeCertificate(crypto, {
    subject: CA_NAME,
    publicKey: pair.publicKey,
    isAuthority: true,
    issuer: { name: ROOT_NAME, key, hash: ROOT_HASH },
    notBefore: nowMs - DAY_MS,
    notAfter: nowMs + YEAR_MS,
  });
  return { der, issuing: { name: CA_NAME, key: pair.privateKey, hash: CA_HASH } };
}

/** An attestation of a phone's new key: a CBOR map as `attestKey` returns it. */
export async function attestKey(
  crypto: Crypto,
  authority: AppleAuthority,
  wish: AttestationWish,
): Promise<Uint8Array<ArrayBuffer>> {
  const pair = await crypto.subtle.generateKey(P256, true, ["sign", "verify"]);
  const authData = await attestedAuthData(crypto, pair.publicKey, wish);
  const nonce = await sha256(crypto, concatBytes(authData, wish.clientDataHash));
  const leaf = await makeCertificate(crypto, {
    subject: "CN=Throw-away phone",
    publicKey: pair.publicKey,
    isAuthority: false,
    issuer: authority.issuing,
    notBefore: wish.nowMs - DAY_MS,
    notAfter: wish.nowMs + 2 * DAY_MS,
    extensions: [new Extension(NONCE_OID, false, concatBytes(NONCE_HEAD, nonce))],
  });
  return attestationObject([leaf, authority.der], authData);
}

/** The CBOR map of an attestation. */
export function attestationObject(
  x5c: readonly Uint8Array[],
  authData: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const attStmt = { x5c, receipt: new Uint8Array(16) };
  return new Uint8Array(encode({ fmt: "apple-appattest", attStmt, authData }));
}

/** Authenticator data with a new key. */
export async function attestedAuthData(
  crypto: Crypto,
  publicKey: CryptoKey,
  wish: Omit<AttestationWish, "clientDataHash" | "nowMs">,
): Promise<Uint8Array<ArrayBuffer>> {
  const point = new Uint8Array(await crypto.subtle.exportKey("raw", publicKey));
  const aaguid = new Uint8Array(16);
  aaguid.set(new TextEncoder().encode(wish.aaguid ?? DEVELOPMENT_AAGUID));
  const credentialId = await sha256(crypto, point);
  const coseKey = new Map<number, number | Uint8Array>([
    [1, 2],
    [3, -7],
    [-1, 1],
    [-2, point.subarray(1, 33)],
    [-3, point.subarray(33)],
  ]);
  return concatBytes(
    await authDataHead(crypto, wish, wish.flags ?? CREDENTIAL_FLAG, wish.counter ?? 0),
    aaguid,
    Uint8Array.of(0, credentialId.length),
    credentialId,
    encode(coseKey),
    extensionsOf(wish.category),
  );
}

/** rpIdHash ‖ flags ‖ counter. */
export async function authDataHead(
  crypto: Crypto,
  { teamId, bundleId }: AttestedApp,
  flags: number,
  counter: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const appId = await sha256(crypto, new TextEncoder().encode(`${teamId}.${bundleId}`));
  const rest = new DataView(new ArrayBuffer(5));
  rest.setUint8(0, flags);
  rest.setUint32(1, counter);
  return concatBytes(appId, new Uint8Array(rest.buffer));
}

/** The extensions that phones append, with the flag 0x80 clear; empty for a phone that is too old. */
export function extensionsOf(category: number | undefined): Uint8Array {
  if (category === undefined) return new Uint8Array();
  const bytes = new DataView(new ArrayBuffer(4));
  bytes.setUint32(0, category, true);
  return encode({
    apple_bundle_version_01: "1",
    apple_validation_category_01: new Uint8Array(bytes.buffer),
  });
}

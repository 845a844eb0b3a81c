/** Signatures of X.509 certificates (RFC 5280, 4.1.1.3) and by their keys, checked by WebCrypto. */

import { derChildren, derElement, derOid, derTag } from "../bytes/der.ts";

/** `sha256WithRSAEncryption`. */
export const RSA_SHA256 = "1.2.840.113549.1.1.11";

/** How a certificate may be signed: by its algorithm's OID (RFC 5758, RFC 4055). */
const SIGNATURES: Readonly<
  Record<string, { readonly name: "ECDSA" | "RSASSA-PKCS1-v1_5"; readonly hash: string }>
> = {
  "1.2.840.10045.4.3.2": { name: "ECDSA", hash: "SHA-256" },
  "1.2.840.10045.4.3.3": { name: "ECDSA", hash: "SHA-384" },
  "1.2.840.10045.4.3.4": { name: "ECDSA", hash: "SHA-512" },
  [RSA_SHA256]: { name: "RSASSA-PKCS1-v1_5", hash: "SHA-256" },
  "1.2.840.113549.1.1.12": { name: "RSASSA-PKCS1-v1_5", hash: "SHA-384" },
  "1.2.840.113549.1.1.13": { name: "RSASSA-PKCS1-v1_5", hash: "SHA-512" },
};
const EC_PUBLIC_KEY = "1.2.840.10045.2.1";
const RSA_ENCRYPTION = "1.2.840.113549.1.1.1";

/** Curves by OID (RFC 5480), and how many bytes r and s have on each. */
const CURVES: Readonly<Record<string, { readonly namedCurve: string; readonly bytes: number }>> = {
  "1.2.840.10045.3.1.7": { namedCurve: "P-256", bytes: 32 },
  "1.3.132.0.34": { namedCurve: "P-384", bytes: 48 },
  "1.3.132.0.35": { namedCurve: "P-521", bytes: 66 },
};

/** A signature to be checked. */
export type CertificateSignature = {
  /** The OID of its algorithm. */
  readonly algorithm: string | undefined;
  /** As certificates hold it: DER of r and s for ECDSA. */
  readonly signature: Uint8Array<ArrayBuffer>;
  readonly signed: Uint8Array<ArrayBuffer>;
};

/**
 * Whether the holder of a public key (DER of its SubjectPublicKeyInfo, the same array each time) made a signature: by
 * ECDSA on one of NIST's curves, or RSA. A key is imported once, which costs as much as verifying.
 */
export async function isSignedBy(
  crypto: Crypto,
  publicKey: Uint8Array<ArrayBuffer>,
  { algorithm: oid, signature, signed }: CertificateSignature,
): Promise<boolean> {
  const algorithm = SIGNATURES[oid ?? ""];
  if (algorithm === undefined) return false;
  try {
    const { key, scalarBytes } = await verifyKey(crypto, publicKey, algorithm);
    const raw = scalarBytes === undefined ? signature : rawSignature(signature, scalarBytes);
    return raw !== undefined && await crypto.subtle.verify(algorithm, key, raw, signed);
  } catch {
    // A key that the runtime refuses, or that does not go with the algorithm.
    return false;
  }
}

type Algorithm = { readonly name: string; readonly hash: string };
type VerifyKey = { readonly key: CryptoKey; readonly scalarBytes?: number };

/** Imported keys by hash. */
const verifyKeys = new WeakMap<Uint8Array, Map<string, Promise<VerifyKey>>>();

function verifyKey(
  crypto: Crypto,
  publicKey: Uint8Array<ArrayBuffer>,
  { name, hash }: Algorithm,
): Promise<VerifyKey> {
  const known = verifyKeys.get(publicKey) ?? new Map<string, Promise<VerifyKey>>();
  verifyKeys.set(publicKey, known);
  const key = known.get(hash) ?? importKey(crypto, publicKey, { name, hash });
  known.set(hash, key);
  return key;
}

async function importKey(
  crypto: Crypto,
  spki: Uint8Array<ArrayBuffer>,
  { name, hash }: Algorithm,
): Promise<VerifyKey> {
  const whole = derElement(spki, 0);
  const [algorithm] = whole === undefined ? [] : derChildren(spki, whole) ?? [];
  const [oid, parameter] = algorithm === undefined ? [] : derChildren(spki, algorithm) ?? [];
  const kind = oid === undefined ? undefined : derOid(spki.subarray(oid.start, oid.end));
  if (name !== "ECDSA" && kind === RSA_ENCRYPTION) {
    return { key: await crypto.subtle.importKey("spki", spki, { name, hash }, true, ["verify"]) };
  }
  const curve = parameter?.tag === derTag.oid
    ? CURVES[derOid(spki.subarray(parameter.start, parameter.end)) ?? ""]
    : undefined;
  if (name !== "ECDSA" || kind !== EC_PUBLIC_KEY || curve === undefined) {
    throw new TypeError("the key is none of the signature's algorithm");
  }
  const { namedCurve, bytes } = curve;
  const key = await crypto.subtle.importKey("spki", spki, { name, namedCurve }, true, ["verify"]);
  return { key, scalarBytes: bytes };
}

/** r ‖ s, each of `size` bytes, of an ECDSA-Sig-Value (RFC 3279, 2.2.3). */
function rawSignature(der: Uint8Array, size: number): Uint8Array<ArrayBuffer> | undefined {
  const sequence = derElement(der, 0);
  if (sequence?.tag !== derTag.sequence || sequence.end !== der.length) return undefined;
  const [r, s, ...more] = derChildren(der, sequence) ?? [];
  if (r?.tag !== derTag.integer || s?.tag !== derTag.integer || more.length > 0) return undefined;
  const raw = new Uint8Array(2 * size);
  for (const [{ start, end }, at] of [[r, size], [s, 2 * size]] as const) {
    const scalar = der.subarray(der[start] === 0 ? start + 1 : start, end);
    if (scalar.length > size) return undefined;
    raw.set(scalar, at - scalar.length);
  }
  return raw;
}

/** SPKI DER (RFC 5280) of the two kinds of public keys whose encoding has one fixed shape: P-256 and Ed25519. */

import { encodeHex } from "../bytes/base64.ts";
import { concatBytes } from "./pem.ts";

/** SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING } up to the point (RFC 5480). */
// deno-fmt-ignore
const P256_PREFIX = Uint8Array.of(
  0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01,
  0x06, 0x08, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00,
);
/** SEQUENCE { SEQUENCE { id-Ed25519 }, BIT STRING } up to the key (RFC 8410). */
// deno-fmt-ignore
const ED25519_PREFIX = Uint8Array.of(
  0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00,
);
/** y² = x³ − 3x + b modulo p (FIPS 186-4, D.1.2.3). */
const P = 0xffffffff00000001000000000000000000000000ffffffffffffffffffffffffn;
const B = 0x5ac635d8aa3a93e7b3ebbd55769886bc651d06b0cc53b0f63bce3c3e27d2604bn;
const COORDINATE_BYTES = 32;

/** A point on P-256: affine coordinates, 32 bytes each. */
export type P256Point = { readonly x: Uint8Array; readonly y: Uint8Array };

/** SPKI DER of a point, uncompressed; undefined when it does not lie on P-256. */
export function p256Spki({ x, y }: P256Point): Uint8Array<ArrayBuffer> | undefined {
  return isOnP256(x, y) ? concatBytes(P256_PREFIX, Uint8Array.of(4), x, y) : undefined;
}

/**
 * The point in the SPKI DER of a P-256 key; undefined for any other key, a compressed point, or one that is not on
 * the curve (not every runtime refuses that).
 */
export function p256Point(spki: Uint8Array): P256Point | undefined {
  const start = P256_PREFIX.length;
  if (!P256_PREFIX.every((byte, index) => spki[index] === byte) || spki[start] !== 4) {
    return undefined;
  }
  const x = spki.slice(start + 1, start + 1 + COORDINATE_BYTES);
  const y = spki.slice(start + 1 + COORDINATE_BYTES);
  return isOnP256(x, y) ? { x, y } : undefined;
}

/** SPKI DER of an Ed25519 public key; undefined when it does not have 32 bytes. */
export function ed25519Spki(key: Uint8Array): Uint8Array<ArrayBuffer> | undefined {
  return key.length === 32 ? concatBytes(ED25519_PREFIX, key) : undefined;
}

function isOnP256(xBytes: Uint8Array, yBytes: Uint8Array): boolean {
  if (xBytes.length !== COORDINATE_BYTES || yBytes.length !== COORDINATE_BYTES) return false;
  const x = BigInt(`0x${encodeHex(xBytes)}`);
  const y = BigInt(`0x${encodeHex(yBytes)}`);
  return x < P && y < P && (y * y - x * x * x + 3n * x - B) % P === 0n;
}

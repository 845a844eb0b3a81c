/** PEM (RFC 7468) around DER, and the two fixed shapes of DER that we write ourselves: P-256 and Ed25519 public keys. */

import { decodeBase64, decodeHex, encodeBase64 } from "./base64.ts";

/** What a PEM block holds. */
export type PemLabel = "PUBLIC KEY" | "PRIVATE KEY" | "EC PRIVATE KEY" | "CERTIFICATE";

const MAX_PEM_CHARACTERS = 65_536;
const BLOCK = /-----BEGIN ([A-Z0-9 ]{1,40})-----([A-Za-z0-9+/=\s]*)-----END \1-----/;

/** SEQUENCE { SEQUENCE { id-ecPublicKey, prime256v1 }, BIT STRING } up to the point (RFC 5480). */
const P256_SPKI_PREFIX = fromHex("3059301306072a8648ce3d020106082a8648ce3d030107034200");
/** SEQUENCE { SEQUENCE { id-Ed25519 }, BIT STRING } up to the key (RFC 8410). */
const ED25519_SPKI_PREFIX = fromHex("302a300506032b6570032100");

/** The DER of the first block in `pem` when it has the given label; undefined otherwise. */
export function pemToDer(pem: string, label: PemLabel): Uint8Array<ArrayBuffer> | undefined {
  if (pem.length > MAX_PEM_CHARACTERS) return undefined;
  const block = BLOCK.exec(pem);
  if (block === null || block[1] !== label || block[2] === undefined) return undefined;
  const der = decodeBase64(block[2].replace(/\s+/g, ""));
  return der === undefined || der.length === 0 ? undefined : der;
}

/** PEM with lines of 64 characters and a line feed at the end. */
export function derToPem(der: Uint8Array, label: PemLabel): string {
  const lines = encodeBase64(der).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

/** SPKI DER of the P-256 point with the affine coordinates `x` and `y`, 32 bytes each. Does not check the curve. */
export function p256Spki(x: Uint8Array, y: Uint8Array): Uint8Array<ArrayBuffer> {
  if (x.length !== 32 || y.length !== 32) throw new RangeError("P-256 coordinates have 32 bytes");
  return concatBytes(P256_SPKI_PREFIX, Uint8Array.of(4), x, y);
}

/** The coordinates in SPKI DER of an uncompressed P-256 point; undefined for any other key. */
export function p256Coordinates(
  spki: Uint8Array,
): { readonly x: Uint8Array; readonly y: Uint8Array } | undefined {
  const start = P256_SPKI_PREFIX.length;
  if (spki.length !== start + 65 || spki[start] !== 4) return undefined;
  if (!P256_SPKI_PREFIX.every((byte, index) => spki[index] === byte)) return undefined;
  return { x: spki.slice(start + 1, start + 33), y: spki.slice(start + 33) };
}

/** SPKI DER of an Ed25519 public key of 32 bytes. */
export function ed25519Spki(key: Uint8Array): Uint8Array<ArrayBuffer> {
  if (key.length !== 32) throw new RangeError("an Ed25519 public key has 32 bytes");
  return concatBytes(ED25519_SPKI_PREFIX, key);
}

/** All parts, one after the other, in a new array. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

function fromHex(text: string): Uint8Array<ArrayBuffer> {
  const bytes = decodeHex(text);
  if (bytes === undefined) throw new RangeError("not hexadecimal");
  return bytes;
}

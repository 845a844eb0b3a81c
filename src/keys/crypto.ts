/** The few operations of the Web Cryptography API that the server needs, each on the provider that is fastest for it. */

import { timingSafeEqual } from "node:crypto";
import { accept, AppError, type Outcome, refuse } from "../errors.ts";
import { pemToDer } from "./pem.ts";
import { p256Point } from "./spki.ts";

const P256 = { name: "ECDSA", namedCurve: "P-256" } as const;
const ECDSA_SHA256 = { name: "ECDSA", hash: "SHA-256" } as const;
const HMAC_SHA256 = { name: "HMAC", hash: "SHA-256" } as const;

/** An AES-GCM nonce has 12 bytes (NIST SP 800-38D). */
export const NONCE_BYTES = 12;
/** An AES-GCM tag has 16 bytes. */
export const TAG_BYTES = 16;

/** The same bytes in the type that WebCrypto accepts; copied only when they lie in shared memory. */
function plainBytes(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  return isPlain(bytes) ? bytes : new Uint8Array(bytes);
}

function isPlain(bytes: Uint8Array): bytes is Uint8Array<ArrayBuffer> {
  return bytes.buffer instanceof ArrayBuffer;
}

/** SHA-256. */
export async function sha256(
  crypto: Crypto,
  data: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", plainBytes(data)));
}

/** HMAC-SHA-256 (RFC 2104). An empty key is refused with `invalid_argument`: not every provider takes one. */
export async function hmacSha256(
  crypto: Crypto,
  key: Uint8Array,
  data: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  if (key.length === 0) throw new AppError("invalid_argument", "an HMAC key must not be empty");
  const { subtle } = crypto;
  const imported = await subtle.importKey("raw", plainBytes(key), HMAC_SHA256, false, ["sign"]);
  return new Uint8Array(await subtle.sign(HMAC_SHA256, imported, plainBytes(data)));
}

/** Whether two byte strings are equal, in a time that depends on their lengths alone. */
export function equalBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

/** A P-256 public key in SPKI PEM (an uncompressed point), ready for {@link verifyEcdsa}; `invalid_argument` for anything else. */
export async function importVerifyKey(
  crypto: Crypto,
  spkiPem: string,
): Promise<Outcome<CryptoKey>> {
  const der = pemToDer(spkiPem, "PUBLIC KEY");
  if (der === undefined) {
    return refuse(
      "invalid_argument",
      "must be a PEM text that begins with -----BEGIN PUBLIC KEY-----",
    );
  }
  if (p256Point(der) === undefined) {
    return refuse("invalid_argument", "not a public key on the curve P-256");
  }
  return accept(await crypto.subtle.importKey("spki", der, P256, true, ["verify"]));
}

/** Whether `signature` (r ‖ s, 64 bytes) is ECDSA P-256 / SHA-256 over `data`. Never throws for a bad signature. */
export async function verifyEcdsa(
  crypto: Crypto,
  key: CryptoKey,
  signature: Uint8Array,
  data: Uint8Array,
): Promise<boolean> {
  if (signature.length !== 64) return false;
  return await crypto.subtle.verify(
    ECDSA_SHA256,
    key,
    plainBytes(signature),
    plainBytes(data),
  );
}

/** ECDSA P-256 / SHA-256 over `data`: r ‖ s, 64 bytes. */
export async function signEcdsa(
  crypto: Crypto,
  key: CryptoKey,
  data: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(
    await crypto.subtle.sign(ECDSA_SHA256, key, plainBytes(data)),
  );
}

/** An AES-256-GCM key for {@link seal} and {@link unseal}, from 32 bytes. */
export async function importAesKey(crypto: Crypto, raw: Uint8Array): Promise<CryptoKey> {
  if (raw.length !== 32) throw new AppError("invalid_argument", "an AES-256 key has 32 bytes");
  const usages: KeyUsage[] = ["encrypt", "decrypt"];
  return await crypto.subtle.importKey("raw", plainBytes(raw), "AES-GCM", false, usages);
}

/**
 * AES-256-GCM with a random nonce: nonce(12) ‖ ciphertext ‖ tag(16). One key must not seal more than 2^32 times
 * (NIST SP 800-38D, 8.3).
 */
export async function seal(
  crypto: Crypto,
  key: CryptoKey,
  plaintext: Uint8Array,
  additionalData: Uint8Array,
): Promise<Uint8Array<ArrayBuffer>> {
  const iv = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
  const sealed = await crypto.subtle.encrypt(
    { name: "AES-GCM", iv, additionalData: plainBytes(additionalData) },
    key,
    plainBytes(plaintext),
  );
  const whole = new Uint8Array(NONCE_BYTES + sealed.byteLength);
  whole.set(iv);
  whole.set(new Uint8Array(sealed), NONCE_BYTES);
  return whole;
}

/** What {@link seal} was given; undefined when the bytes, the key or `additionalData` are not the same. */
export async function unseal(
  crypto: Crypto,
  key: CryptoKey,
  sealed: Uint8Array,
  additionalData: Uint8Array,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (sealed.length < NONCE_BYTES + TAG_BYTES) return undefined;
  const bytes = plainBytes(sealed);
  try {
    return new Uint8Array(
      await crypto.subtle.decrypt(
        {
          name: "AES-GCM",
          iv: bytes.subarray(0, NONCE_BYTES),
          additionalData: plainBytes(additionalData),
        },
        key,
        bytes.subarray(NONCE_BYTES),
      ),
    );
  } catch {
    return undefined;
  }
}

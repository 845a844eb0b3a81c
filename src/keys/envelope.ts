/** Envelope encryption, for managers that wrap keys but do not encrypt with additional data. */

import { importAesKey, NONCE_BYTES, seal, TAG_BYTES, unseal } from "./crypto.ts";
import { concatBytes } from "./pem.ts";

/** A data key as the manager gives it back, and the version that wrapped it (at most 255 ASCII characters). */
export type WrappedKey = { readonly version: string; readonly wrapped: Uint8Array };

const DATA_KEY_BYTES = 32;
const LEAST_BYTES = 3 + NONCE_BYTES + TAG_BYTES;

/**
 * Seals with a new data key, which `wrap` wraps:
 * version length(1) ‖ version ‖ wrapped length(2, big-endian) ‖ wrapped ‖ nonce(12) ‖ ciphertext ‖ tag(16).
 * The tag covers `additionalData` and everything before the nonce.
 */
export async function sealEnvelope(
  crypto: Crypto,
  plaintext: Uint8Array,
  additionalData: Uint8Array,
  wrap: (key: Uint8Array) => Promise<WrappedKey>,
): Promise<Uint8Array> {
  const dataKey = crypto.getRandomValues(new Uint8Array(DATA_KEY_BYTES));
  const { version, wrapped } = await wrap(dataKey);
  const key = await importAesKey(crypto, dataKey);
  dataKey.fill(0);
  const name = new TextEncoder().encode(version);
  const head = concatBytes(
    Uint8Array.of(name.length),
    name,
    Uint8Array.of(wrapped.length >> 8, wrapped.length & 0xff),
    wrapped,
  );
  const sealed = await seal(crypto, key, plaintext, concatBytes(head, additionalData));
  return concatBytes(head, sealed);
}

/**
 * What {@link sealEnvelope} was given; undefined when `unwrap` gives none, or the bytes or `additionalData` are not
 * the same.
 */
export async function openEnvelope(
  crypto: Crypto,
  envelope: Uint8Array,
  additionalData: Uint8Array,
  unwrap: (key: WrappedKey) => Promise<Uint8Array | undefined>,
): Promise<Uint8Array | undefined> {
  const versionEnd = 1 + (envelope[0] ?? 0);
  const wrappedAt = versionEnd + 2;
  const length = ((envelope[versionEnd] ?? 0) << 8) + (envelope[versionEnd + 1] ?? 0);
  const headEnd = wrappedAt + length;
  if (envelope.length < LEAST_BYTES || headEnd + NONCE_BYTES + TAG_BYTES > envelope.length) {
    return undefined;
  }
  const raw = await unwrap({
    version: new TextDecoder().decode(envelope.subarray(1, versionEnd)),
    wrapped: envelope.subarray(wrappedAt, headEnd),
  });
  if (raw?.length !== DATA_KEY_BYTES) return undefined;
  const key = await importAesKey(crypto, raw);
  const data = concatBytes(envelope.subarray(0, headEnd), additionalData);
  return await unseal(crypto, key, envelope.subarray(headEnd), data);
}

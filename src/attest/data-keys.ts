import { hmacSha256, importAesKey } from "../keys/crypto.ts";

/** Keys for what is kept of attestations, all from one data key: none of them is used for two things. */
export type AttestationDataKeys = {
  /** HMAC of used attestations. */
  readonly used: Uint8Array;
  /** HMAC of registered keys' names. */
  readonly keyName: Uint8Array;
  /** MAC of challenges. */
  readonly challenge: Uint8Array;
  /** AES-256-GCM of registered public keys. */
  readonly publicKey: CryptoKey;
};

/** Derives them from a data key of 32 bytes: HMAC-SHA-256 of a label each. */
export async function attestationDataKeys(
  crypto: Crypto,
  dataKey: Uint8Array,
): Promise<AttestationDataKeys> {
  const derived = (label: string) =>
    hmacSha256(crypto, dataKey, new TextEncoder().encode(`wayfarer attestation ${label}`));
  const [used, keyName, challenge, publicKey] = await Promise.all([
    derived("used"),
    derived("key name"),
    derived("challenge"),
    derived("public key"),
  ]);
  return { used, keyName, challenge, publicKey: await importAesKey(crypto, publicKey) };
}

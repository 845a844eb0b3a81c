import { decodeBase64, encodeBase64 } from "../bytes/base64.ts";
import { equalBytes, sha256 } from "../keys/crypto.ts";
import { type AttestedContent, attestedText } from "../model/attestation-content.ts";

const encoder = new TextEncoder();

/** SHA-256 of {@link attestedText}: what an attestation must be bound to. */
export async function contentHash(
  crypto: Crypto,
  content: AttestedContent,
): Promise<Uint8Array<ArrayBuffer>> {
  return await sha256(crypto, encoder.encode(attestedText(content)));
}

/**
 * Whether a nonce of Android is the content hash: base64 in either alphabet, padded or not, of its 32 bytes or, as old
 * apps did, of their base64 text. Compared in constant time.
 */
export function isNonceOf(nonce: unknown, hash: Uint8Array): boolean {
  const bytes = typeof nonce === "string" ? decodeBase64(nonce) : undefined;
  if (bytes === undefined) return false;
  return equalBytes(bytes, hash) || equalBytes(bytes, encoder.encode(encodeBase64(hash)));
}

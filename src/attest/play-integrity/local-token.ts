import { decodeBase64 } from "../../bytes/base64.ts";
import { importVerifyKey, verifyEcdsa } from "../../keys/crypto.ts";
import { type ExpiringCache, expiringCache } from "../../keys/expiring-cache.ts";
import { concatBytes, derToPem } from "../../keys/pem.ts";
import type { PlayKeys } from "../../model/resource/attestation.ts";
import { compactJws } from "../compact-jws.ts";
import type { ReadSecret } from "../secret-reference.ts";
import { headerOf } from "../token-checks.ts";

/** One pair of response keys, ready for use: the first unwraps, the second verifies. */
export type OpenPlayKeys = { readonly decryption: CryptoKey; readonly verification: CryptoKey };

/** How long keys are used before their references are read again. */
const CACHE_MS = 60_000;
const KEY_ENCRYPTION = "A256KW";
const CONTENT_ENCRYPTION = "A256GCM";
const SIGNATURE = "ES256";
const KEY_BYTES = 32;
/** AES key wrap adds eight bytes (RFC 3394). */
const WRAPPED_BYTES = KEY_BYTES + 8;
/** Of A256GCM (RFC 7518, 5.3). */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;

const latin1 = new TextDecoder("latin1");
const encoder = new TextEncoder();

/** The response keys behind references, kept for a minute; undefined when they cannot be read or are no such keys. */
export function playKeyring(
  crypto: Crypto,
  readSecret: ReadSecret,
  elapsedMs: () => number,
): (keys: PlayKeys) => Promise<OpenPlayKeys | undefined> {
  const cache: ExpiringCache<OpenPlayKeys> = expiringCache({
    now: elapsedMs,
    cacheMs: CACHE_MS,
    read: async (name) => {
      const [decryption = "", verification = ""] = name.split("\n");
      return await openKeys(crypto, await readSecret(decryption), await readSecret(verification));
    },
  });
  // References hold no line feeds.
  return ({ decryption, verification }) => cache.get(`${decryption}\n${verification}`, false);
}

async function openKeys(
  crypto: Crypto,
  decryptionText: string | undefined,
  verificationText: string | undefined,
): Promise<OpenPlayKeys | undefined> {
  const raw = decodeBase64(decryptionText?.replace(/\s+/g, "") ?? "");
  const spki = decodeBase64(verificationText?.replace(/\s+/g, "") ?? "");
  if (raw?.length !== KEY_BYTES || spki === undefined) return undefined;
  const verification = await importVerifyKey(crypto, derToPem(spki, "PUBLIC KEY"));
  if (!verification.ok) return undefined;
  const decryption = await crypto.subtle.importKey("raw", raw, "AES-KW", false, ["unwrapKey"]);
  return { decryption, verification: verification.value };
}

/** The payload of a token, or which step it fails at. */
export type OpenedToken =
  | { readonly opened: true; readonly payload: Uint8Array }
  | { readonly opened: false; readonly reason: "decrypt" | "signature" };

/**
 * Decrypts and verifies an integrity token of a classic request with the keys of the Play Console: a JWE by
 * A256KW and A256GCM, never compressed, around a JWS by ES256. (jose imports both keys anew for each token, which costs
 * more than using them.)
 */
export async function openToken(
  crypto: Crypto,
  token: { readonly parts: readonly Uint8Array[]; readonly text: string },
  keys: readonly OpenPlayKeys[],
): Promise<OpenedToken> {
  const header = headerOf(token.parts[0]);
  const isExpected = header["alg"] === KEY_ENCRYPTION && header["enc"] === CONTENT_ENCRYPTION &&
    !("zip" in header) && !("crit" in header);
  if (!isExpected) return { opened: false, reason: "decrypt" };
  for (const { decryption, verification } of keys) {
    const signed = await decrypt(crypto, token, decryption);
    if (signed === undefined) continue;
    const payload = await verifiedPayload(crypto, signed, verification);
    return payload === undefined
      ? { opened: false, reason: "signature" }
      : { opened: true, payload };
  }
  return { opened: false, reason: "decrypt" };
}

/** What a compact JWE (RFC 7516, 5.2) by A256KW and A256GCM holds; undefined when it is not by this key. */
async function decrypt(
  { subtle }: Crypto,
  { parts, text }: { readonly parts: readonly Uint8Array[]; readonly text: string },
  key: CryptoKey,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  const [, wrapped, iv, ciphertext, tag] = parts;
  if (wrapped?.length !== WRAPPED_BYTES || iv?.length !== NONCE_BYTES) return undefined;
  if (ciphertext === undefined || tag?.length !== TAG_BYTES) return undefined;
  try {
    const content = await subtle.unwrapKey(
      "raw",
      new Uint8Array(wrapped),
      key,
      "AES-KW",
      "AES-GCM",
      false,
      ["decrypt"],
    );
    const additionalData = encoder.encode(text.slice(0, text.indexOf(".")));
    const algorithm = { name: "AES-GCM", iv: new Uint8Array(iv), additionalData };
    return new Uint8Array(await subtle.decrypt(algorithm, content, concatBytes(ciphertext, tag)));
  } catch {
    return undefined;
  }
}

/** The payload of a compact JWS by ES256; undefined when it is not by this key. */
async function verifiedPayload(
  crypto: Crypto,
  text: Uint8Array,
  key: CryptoKey,
): Promise<Uint8Array | undefined> {
  const jws = compactJws(latin1.decode(text));
  if (jws === undefined || jws.header["alg"] !== SIGNATURE) return undefined;
  const isSigned = await verifyEcdsa(crypto, key, jws.signature, jws.signed);
  return isSigned ? jws.payload : undefined;
}

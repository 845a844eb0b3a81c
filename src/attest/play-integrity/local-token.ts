import { compactDecrypt, compactVerify, importSPKI } from "jose";
import { decodeBase64 } from "../../bytes/base64.ts";
import { type ExpiringCache, expiringCache } from "../../keys/expiring-cache.ts";
import { derToPem } from "../../keys/pem.ts";
import type { PlayKeys } from "../../model/resource/attestation.ts";
import type { ReadSecret } from "../secret-reference.ts";
import { headerOf } from "../token-checks.ts";

/** One pair of response keys, ready for use. */
export type OpenPlayKeys = { readonly decryption: Uint8Array; readonly verification: CryptoKey };

/** How long keys are used before their references are read again. */
const CACHE_MS = 60_000;
const KEY_ENCRYPTION = "A256KW";
const CONTENT_ENCRYPTION = "A256GCM";
const SIGNATURE = "ES256";

/** The response keys behind references, kept for a minute; undefined when they cannot be read or are no such keys. */
export function playKeyring(
  readSecret: ReadSecret,
  elapsedMs: () => number,
): (keys: PlayKeys) => Promise<OpenPlayKeys | undefined> {
  const cache: ExpiringCache<OpenPlayKeys> = expiringCache({
    now: elapsedMs,
    cacheMs: CACHE_MS,
    read: async (name) => {
      const [decryption = "", verification = ""] = name.split("\n");
      return await openKeys(await readSecret(decryption), await readSecret(verification));
    },
  });
  // References hold no line feeds.
  return ({ decryption, verification }) => cache.get(`${decryption}\n${verification}`, false);
}

async function openKeys(
  decryptionText: string | undefined,
  verificationText: string | undefined,
): Promise<OpenPlayKeys | undefined> {
  const decryption = decodeBase64(decryptionText?.replace(/\s+/g, "") ?? "");
  const spki = decodeBase64(verificationText?.replace(/\s+/g, "") ?? "");
  if (decryption?.length !== 32 || spki === undefined) return undefined;
  const verification = await importSPKI(derToPem(spki, "PUBLIC KEY"), SIGNATURE)
    .catch(() => undefined);
  return verification === undefined ? undefined : { decryption, verification };
}

/** The payload of a token, or which step it fails at. */
export type OpenedToken =
  | { readonly opened: true; readonly payload: Uint8Array }
  | { readonly opened: false; readonly reason: "decrypt" | "signature" };

/**
 * Decrypts and verifies an integrity token of a classic request with the keys of the Play Console: a JWE by
 * A256KW and A256GCM, never compressed, around a JWS by ES256.
 */
export async function openToken(
  { parts, text }: { readonly parts: readonly Uint8Array[]; readonly text: string },
  keys: readonly OpenPlayKeys[],
): Promise<OpenedToken> {
  const header = headerOf(parts[0]);
  const isExpected = header["alg"] === KEY_ENCRYPTION && header["enc"] === CONTENT_ENCRYPTION &&
    !("zip" in header) && !("crit" in header);
  if (!isExpected) return { opened: false, reason: "decrypt" };
  for (const { decryption, verification } of keys) {
    const signed = await compactDecrypt(text, decryption, {
      keyManagementAlgorithms: [KEY_ENCRYPTION],
      contentEncryptionAlgorithms: [CONTENT_ENCRYPTION],
    }).then(({ plaintext }) => plaintext, () => undefined);
    if (signed === undefined) continue;
    const payload = await compactVerify(signed, verification, { algorithms: [SIGNATURE] })
      .then((verified) => verified.payload, () => undefined);
    return payload === undefined
      ? { opened: false, reason: "signature" }
      : { opened: true, payload };
  }
  return { opened: false, reason: "decrypt" };
}

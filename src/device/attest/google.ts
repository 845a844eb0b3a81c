import { CompactEncrypt, CompactSign } from "jose";
import { decodeBase64, encodeBase64 } from "../../bytes/base64.ts";

/** The response keys of a throw-away Play Console, and the signing key in place of Google's. All base64. */
export type ThrowAwayGoogle = {
  /** An AES-256 key. */
  readonly decryption: string;
  /** A P-256 SubjectPublicKeyInfo. */
  readonly verification: string;
  /** PKCS #8 of the private half. */
  readonly signing: string;
};

/** What the verdicts of a token say about an app. */
export type PlayApp = {
  readonly packageName: string;
  /** Base64url of a SHA-256. */
  readonly certificateDigest: string;
};

const P256 = { name: "ECDSA", namedCurve: "P-256" } as const;
const KEY_BYTES = 32;

/** Creates the keys. */
export async function makeGoogle(crypto: Crypto): Promise<ThrowAwayGoogle> {
  const pair = await crypto.subtle.generateKey(P256, true, ["sign", "verify"]);
  const exported = async (format: "spki" | "pkcs8", key: CryptoKey) =>
    encodeBase64(new Uint8Array(await crypto.subtle.exportKey(format, key)));
  return {
    decryption: encodeBase64(crypto.getRandomValues(new Uint8Array(KEY_BYTES))),
    verification: await exported("spki", pair.publicKey),
    signing: await exported("pkcs8", pair.privateKey),
  };
}

/** The payload of a token for a genuine app on a genuine phone, as on a test track. */
export function playPayload(
  { packageName, certificateDigest }: PlayApp,
  nonce: string,
  nowMs: number,
): Record<string, unknown> {
  return {
    requestDetails: {
      requestPackageName: packageName,
      nonce,
      timestampMillis: String(Math.floor(nowMs)),
    },
    appIntegrity: {
      appRecognitionVerdict: "PLAY_RECOGNIZED",
      packageName,
      certificateSha256Digest: [certificateDigest],
      versionCode: "1",
    },
    deviceIntegrity: { deviceRecognitionVerdict: ["MEETS_DEVICE_INTEGRITY"] },
    accountDetails: { appLicensingVerdict: "LICENSED" },
  };
}

/** A token of a classic request: a JWE around a JWS around the payload. */
export async function playToken(
  crypto: Crypto,
  google: Pick<ThrowAwayGoogle, "decryption" | "signing">,
  payload: unknown,
): Promise<string> {
  const pkcs8 = decodeBase64(google.signing) ?? new Uint8Array();
  const key = await crypto.subtle.importKey("pkcs8", pkcs8, P256, false, ["sign"]);
  const signed = await new CompactSign(new TextEncoder().encode(JSON.stringify(payload)))
    .setProtectedHeader({ alg: "ES256" }).sign(key);
  return await new CompactEncrypt(new TextEncoder().encode(signed))
    .setProtectedHeader({ alg: "A256KW", enc: "A256GCM" })
    .encrypt(decodeBase64(google.decryption) ?? new Uint8Array());
}

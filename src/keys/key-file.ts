/** What a key file may hold: PEM (PKCS #8 or SEC 1) or JWK. */

import { Buffer } from "node:buffer";
import { createPrivateKey } from "node:crypto";
import { accept, type Outcome, refuse } from "../errors.ts";
import { decodeBase64, encodeHex } from "../bytes/base64.ts";
import { importAesKey, importVerifyKey, sha256, signEcdsa, verifyEcdsa } from "./crypto.ts";
import { pemToDer } from "./pem.ts";
import { importSigningJwk, type SigningKeyPair } from "./signing-jwk.ts";

/** The key in a file; `version` is its `kid`, else the fingerprint of its public key, else `1`. */
export type FileKey =
  | { readonly purpose: "sign"; readonly version: string; readonly pair: SigningKeyPair }
  | { readonly purpose: "encrypt"; readonly version: string; readonly key: CryptoKey };

/** Reads the text of a key file. `key_unavailable` says what it must hold, never what it holds. */
export async function parseKeyFile(
  crypto: Crypto,
  text: string,
): Promise<Outcome<FileKey>> {
  const { jwk, kid } = text.trimStart().startsWith("{") ? parseJwk(text) : parsePem(text);
  if (isOctJwk(jwk)) {
    const raw = decodeBase64(jwk.k);
    if (raw?.length !== 32) {
      return refuse("key_unavailable", "must hold 32 bytes in the member k");
    }
    const key = await importAesKey(crypto, raw);
    return accept({ purpose: "encrypt", version: kid ?? "1", key });
  }
  const pair = await importSigningJwk(crypto, jwk);
  if (pair === undefined || !await belongTogether(crypto, pair)) {
    return refuse(
      "key_unavailable",
      "must hold an unencrypted P-256 private key (PEM: PRIVATE KEY or EC PRIVATE KEY; or JWK), or an oct JWK",
    );
  }
  return accept({ purpose: "sign", version: kid ?? await fingerprint(crypto, pair), pair });
}

/** `kid` and the JWK itself, whose content is not checked yet. */
type Parsed = { readonly jwk: unknown; readonly kid: string | undefined };

function parseJwk(text: string): Parsed {
  try {
    const jwk: unknown = JSON.parse(text);
    const kid = isRecord(jwk) && typeof jwk["kid"] === "string" ? jwk["kid"] : undefined;
    return { jwk, kid: kid === undefined || kid === "" ? undefined : kid.slice(0, 128) };
  } catch {
    return { jwk: undefined, kid: undefined };
  }
}

function parsePem(text: string): Parsed {
  // openssl ecparam puts a block of parameters before the key.
  const pem = text.slice(Math.max(0, text.search(/-----BEGIN (?:EC )?PRIVATE KEY-----/)));
  const pkcs8 = pemToDer(pem, "PRIVATE KEY");
  const der = pkcs8 ?? pemToDer(pem, "EC PRIVATE KEY");
  if (der === undefined) return { jwk: undefined, kid: undefined };
  try {
    const type = pkcs8 === undefined ? "sec1" : "pkcs8";
    const key = createPrivateKey({ key: Buffer.from(der), format: "der", type });
    return { jwk: key.export({ format: "jwk" }), kid: undefined };
  } catch {
    return { jwk: undefined, kid: undefined };
  }
}

function isOctJwk(jwk: unknown): jwk is { readonly kty: "oct"; readonly k: string } {
  return isRecord(jwk) && jwk["kty"] === "oct" && typeof jwk["k"] === "string";
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** Whether what the one half signs, the other half verifies: not every runtime looks at that when it imports. */
async function belongTogether(crypto: Crypto, pair: SigningKeyPair): Promise<boolean> {
  const verifyKey = await importVerifyKey(crypto, pair.publicKeyPem);
  if (!verifyKey.ok) return false;
  const probe = new Uint8Array(32);
  const signature = await signEcdsa(crypto, pair.key, probe).catch(() => undefined);
  return signature !== undefined &&
    await verifyEcdsa(crypto, verifyKey.value, signature, probe);
}

async function fingerprint(crypto: Crypto, pair: SigningKeyPair): Promise<string> {
  return encodeHex((await sha256(crypto, Buffer.from(pair.publicKeyPem))).subarray(0, 8));
}

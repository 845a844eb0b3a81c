/** P-256 private keys as JWK (RFC 7517): what `local:` wraps and `file:` reads. */

import * as z from "zod";
import { decodeBase64 } from "../bytes/base64.ts";
import { derToPem } from "./pem.ts";
import { p256Spki } from "./spki.ts";

const P256 = { name: "ECDSA", namedCurve: "P-256" } as const;

const number = z.string().refine((text) => decodeBase64(text)?.length === 32);
const signingJwk = z.object({
  kty: z.literal("EC"),
  crv: z.literal("P-256"),
  x: number,
  y: number,
  d: number,
});

/** A private key that signs, and its public half in SPKI PEM. */
export type SigningKeyPair = { readonly key: CryptoKey; readonly publicKeyPem: string };

/** A new P-256 key pair: the JWK in JSON. */
export async function newSigningJwk(crypto: Crypto): Promise<string> {
  const { subtle } = crypto;
  const pair = await subtle.generateKey(P256, true, ["sign", "verify"]);
  const { kty, crv, x, y, d } = await subtle.exportKey("jwk", pair.privateKey);
  return JSON.stringify({ kty, crv, x, y, d });
}

/** The pair in a private JWK; undefined when it is none on P-256. Whether x and y belong to d is not checked. */
export async function importSigningJwk(
  crypto: Crypto,
  jwk: unknown,
): Promise<SigningKeyPair | undefined> {
  const parsed = signingJwk.safeParse(jwk);
  if (!parsed.success) return undefined;
  const x = decodeBase64(parsed.data.x);
  const y = decodeBase64(parsed.data.y);
  const spki = x === undefined || y === undefined ? undefined : p256Spki({ x, y });
  if (spki === undefined) return undefined;
  try {
    const key = await crypto.subtle.importKey("jwk", parsed.data, P256, false, ["sign"]);
    return { key, publicKeyPem: derToPem(spki, "PUBLIC KEY") };
  } catch {
    return undefined;
  }
}

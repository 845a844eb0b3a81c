import { Buffer } from "node:buffer";

/** Random secrets of 256 bits; only their SHA-256 is kept, so that a copy of the database opens nothing. */

const SECRET_BYTES = 32;

/** A new secret as 43 characters of base64url. */
export function newSecret(crypto: Pick<Crypto, "getRandomValues">): string {
  return Buffer.from(crypto.getRandomValues(new Uint8Array(SECRET_BYTES))).toString("base64url");
}

/** SHA-256 of a secret's text. */
export async function secretHash(crypto: Crypto, secret: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(secret)));
}

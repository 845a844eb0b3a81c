import { Buffer } from "node:buffer";
import type { ThrowAwayGoogle } from "../../src/device/attest/google.ts";
import { signEcdsa } from "../../src/keys/crypto.ts";
import { NATIVE } from "../support/crypto-providers.ts";

const base64Url = (bytes: Uint8Array | string) => Buffer.from(bytes).toString("base64url");

/** What may be otherwise with a JWS by ES256. */
export type JwsWish = {
  readonly header?: Readonly<Record<string, unknown>>;
  /** PKCS #8 in base64 of another signer. */
  readonly signing?: string;
};

/** A JWS whose header says what it is told, and whose signature is ECDSA P-256 all the same. */
export async function jws(
  google: ThrowAwayGoogle,
  payload: string,
  { header = { alg: "ES256" }, signing = google.signing }: JwsWish = {},
): Promise<string> {
  const key = await NATIVE.subtle.importKey(
    "pkcs8",
    Buffer.from(signing, "base64"),
    { name: "ECDSA", namedCurve: "P-256" },
    false,
    ["sign"],
  );
  const signed = `${base64Url(JSON.stringify(header))}.${base64Url(payload)}`;
  return `${signed}.${base64Url(await signEcdsa(NATIVE, key, Buffer.from(signed)))}`;
}

/** What may be otherwise with a JWE by A256KW and A256GCM. */
export type JweWish = {
  readonly header?: Readonly<Record<string, unknown>>;
  readonly keyBytes?: number;
  readonly nonceBytes?: number;
  /** Bytes of the ciphertext and the tag that stand in the tag's part. */
  readonly tagBytes?: number;
};

/** A JWE whose header says what it is told, encrypted by AES key wrap and AES-GCM all the same. */
export async function jwe(
  { decryption }: Pick<ThrowAwayGoogle, "decryption">,
  text: string,
  {
    header = { alg: "A256KW", enc: "A256GCM" },
    keyBytes = 32,
    nonceBytes = 12,
    tagBytes = 16,
  }: JweWish = {},
): Promise<string> {
  const { subtle } = NATIVE;
  const wrapping = await subtle.importKey(
    "raw",
    Buffer.from(decryption, "base64"),
    "AES-KW",
    false,
    ["wrapKey"],
  );
  const algorithm = { name: "AES-GCM", length: keyBytes * 8 };
  const key = await subtle.generateKey(algorithm, true, ["encrypt"]);
  const wrapped = new Uint8Array(await subtle.wrapKey("raw", key, wrapping, "AES-KW"));
  const iv = NATIVE.getRandomValues(new Uint8Array(nonceBytes));
  const head = base64Url(JSON.stringify(header));
  const sealed = new Uint8Array(
    await subtle.encrypt(
      { name: "AES-GCM", iv, additionalData: Buffer.from(head) },
      key,
      Buffer.from(text),
    ),
  );
  const end = sealed.length - tagBytes;
  const parts = [wrapped, iv, sealed.subarray(0, end), sealed.subarray(end)];
  return [head, ...parts.map(base64Url)].join(".");
}

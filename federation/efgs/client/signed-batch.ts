import { createHash } from "node:crypto";
import { encodeHex } from "../../../src/bytes/base64.ts";
import type { ReadCertificate } from "../../../src/keys/certificate.ts";
import { signBatch, type SignBytes } from "../signing/sign-batch.ts";
import { inSignedOrder, signedBytes } from "../signing/signed-bytes.ts";
import { type EfgsKey, writeBatch } from "../wire/batch.ts";

/** A batch ready to be noted and sent. */
export type SignedBatch = {
  readonly tag: string;
  readonly signature: string;
  /** In the order of the signature, so that indices, signature and log agree. */
  readonly keys: readonly EfgsKey[];
  readonly body: Uint8Array<ArrayBuffer>;
};

/** What signs for us. */
export type BatchSigner = { readonly certificate: ReadCertificate; readonly sign: SignBytes };

const TAG_HASH_DIGITS = 32;

/**
 * Signs keys. The tag is `COUNTRY-YYYYMMDD-` and the first 32 hex digits of the SHA-256 of what is signed: a repeat has
 * the same tag, so that "tag exists" after a lost answer means "stored".
 */
export async function signedBatch(
  keys: readonly EfgsKey[],
  country: string,
  { certificate, sign }: BatchSigner,
  nowSeconds: number,
): Promise<SignedBatch> {
  const inOrder = inSignedOrder(keys);
  const bytes = signedBytes(inOrder);
  const hash = encodeHex(createHash("sha256").update(bytes).digest()).slice(0, TAG_HASH_DIGITS);
  const day = new Date(nowSeconds * 1000).toISOString().slice(0, 10).replaceAll("-", "");
  const sorted = inOrder.map(({ key }) => key);
  return {
    tag: `${country}-${day}-${hash}`,
    signature: await signBatch(bytes, certificate, sign, nowSeconds),
    keys: sorted,
    body: writeBatch(sorted, "protobuf"),
  };
}

import { Buffer } from "node:buffer";
import { hash } from "node:crypto";
import type { EfgsKey } from "../wire/batch.ts";

/** A key with the text that is signed for it. */
export type SignedKey = { readonly key: EfgsKey; readonly text: string };

/**
 * The text of one key: eight fields, each in padded base64 and followed by a dot. Numbers are four bytes, big
 * endian, two's complement; a character outside ASCII counts as `?`. Source: EFGS software design, batch signature;
 * the deployed gateway's BatchSignatureUtils.
 */
export function keyText(key: EfgsKey): string {
  return `${base64(key.keyData)}.${numberText(key.rollingStart)}.${
    numberText(key.rollingPeriod)
  }.` +
    `${numberText(key.transmissionRisk)}.${asciiText(key.visitedCountries.join(","))}.` +
    `${asciiText(key.origin)}.${numberText(key.reportType)}.${numberText(key.daysSinceOnset)}.`;
}

/**
 * Keys with their texts, in the order in which they are signed: ascending by the base64 of each whole text. That is
 * neither the order of the key data nor that of the texts.
 */
export function inSignedOrder(keys: readonly EfgsKey[]): readonly SignedKey[] {
  const sortable = keys.map((key) => {
    const text = keyText(key);
    return { key, text, order: Buffer.from(text, "latin1").toString("base64") };
  });
  sortable.sort((left, right) => left.order < right.order ? -1 : left.order > right.order ? 1 : 0);
  return sortable;
}

/** The bytes that a batch's signature covers: the texts one after the other. */
export function signedBytes(inOrder: readonly SignedKey[]): Uint8Array<ArrayBuffer> {
  return new Uint8Array(Buffer.from(inOrder.map(({ text }) => text).join(""), "latin1"));
}

/** What makes a key the same key for the gateway: SHA-256 of its text, in lower-case hex. */
export function payloadHash({ text }: Pick<SignedKey, "text">): string {
  return hash("sha256", text, "hex");
}

function base64(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("base64");
}

const FOUR_BYTES = Buffer.alloc(4);

function numberText(value: number): string {
  FOUR_BYTES.writeInt32BE(value | 0);
  return FOUR_BYTES.toString("base64");
}

function asciiText(text: string): string {
  return Buffer.from(text.replace(/[\u{80}-\u{10ffff}]/gu, "?"), "latin1").toString("base64");
}

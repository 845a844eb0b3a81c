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

/** Characters of a text whose base64 mostly decides the order: the key data, a whole number of groups of three. */
const DECIDING_CHARACTERS = 24;

const orderOf = (text: string): string => Buffer.from(text, "latin1").toString("base64");

/**
 * Keys with their texts, in the order in which they are signed: ascending by the base64 of each whole text. That is
 * neither the order of the key data nor that of the texts.
 */
export function inSignedOrder(keys: readonly EfgsKey[]): readonly SignedKey[] {
  const sortable = keys.map((key) => {
    const text = keyText(key);
    return { key, text, order: orderOf(text.slice(0, DECIDING_CHARACTERS)) };
  });
  sortable.sort((left, right) =>
    compare(left.order, right.order) || compare(orderOf(left.text), orderOf(right.text))
  );
  return sortable;
}

const compare = (left: string, right: string): number => left < right ? -1 : left > right ? 1 : 0;

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

/** Most fields of a batch's keys have few different values. */
const numberText = remembered((value: number): string => {
  FOUR_BYTES.writeInt32BE(value | 0);
  return FOUR_BYTES.toString("base64");
});

const asciiText = remembered((text: string): string =>
  Buffer.from(text.replace(/[\u{80}-\u{10ffff}]/gu, "?"), "latin1").toString("base64")
);

const MAX_REMEMBERED = 4096;

/** The same function, which computes few values twice. Keeping track of which was used last would cost as much again. */
function remembered<T>(compute: (value: T) => string): (value: T) => string {
  const known = new Map<T, string>();
  return (value) => {
    const found = known.get(value);
    if (found !== undefined) return found;
    if (known.size >= MAX_REMEMBERED) known.clear();
    const text = compute(value);
    known.set(value, text);
    return text;
  };
}

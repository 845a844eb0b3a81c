/** Base64 and hexadecimal text (RFC 4648). Decoding is strict: no white space, no stray bits. */

import { Buffer } from "node:buffer";

const STANDARD = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const EITHER_ALPHABET = /^(?:[A-Za-z0-9+/]*|[A-Za-z0-9_-]*)={0,2}$/;
const HEX = /^(?:[0-9a-f]{2})*$/i;

/**
 * Decodes base64 in the standard or the URL alphabet (not both at once), padded or not. Undefined for anything else:
 * other characters, wrong padding, an impossible length, or nonzero bits after the last byte.
 */
export function decodeBase64(text: string): Uint8Array<ArrayBuffer> | undefined {
  if (!EITHER_ALPHABET.test(text)) return undefined;
  const firstPad = text.indexOf("=");
  const digits = firstPad === -1 ? text.length : firstPad;
  if (firstPad !== -1 && text.length % 4 !== 0) return undefined;
  const rest = digits % 4;
  if (rest === 1) return undefined;
  if (rest !== 0 && (valueOf(text.charAt(digits - 1)) & (rest === 2 ? 0x0f : 0x03)) !== 0) {
    return undefined;
  }
  return new Uint8Array(Buffer.from(text, "base64"));
}

/** Base64 in the standard alphabet, padded. */
export function encodeBase64(bytes: Uint8Array): string {
  return asBuffer(bytes).toString("base64");
}

/** Base64 in the URL alphabet without padding, as JOSE requires. */
export function encodeBase64Url(bytes: Uint8Array): string {
  return asBuffer(bytes).toString("base64url");
}

/** Lower-case hexadecimal digits. */
export function encodeHex(bytes: Uint8Array): string {
  return asBuffer(bytes).toString("hex");
}

/** Decodes hexadecimal text in either case; undefined for anything else. */
export function decodeHex(text: string): Uint8Array<ArrayBuffer> | undefined {
  return HEX.test(text) ? new Uint8Array(Buffer.from(text, "hex")) : undefined;
}

function valueOf(digit: string): number {
  if (digit === "-") return 62;
  if (digit === "_") return 63;
  return STANDARD.indexOf(digit);
}

function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

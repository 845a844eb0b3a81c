/** PEM (RFC 7468) around DER. */

import { decodeBase64, encodeBase64 } from "../bytes/base64.ts";

/** What a PEM block holds. */
export type PemLabel = "PUBLIC KEY" | "PRIVATE KEY" | "EC PRIVATE KEY" | "CERTIFICATE";

const MAX_PEM_CHARACTERS = 65_536;
const BLOCK = /-----BEGIN ([A-Z0-9 ]{1,40})-----([A-Za-z0-9+/=\s]*)-----END \1-----/;

/** The DER of the first block in `pem` when it has the given label; undefined otherwise. */
export function pemToDer(pem: string, label: PemLabel): Uint8Array<ArrayBuffer> | undefined {
  if (pem.length > MAX_PEM_CHARACTERS) return undefined;
  const block = BLOCK.exec(pem);
  if (block === null || block[1] !== label || block[2] === undefined) return undefined;
  const der = decodeBase64(block[2].replace(/\s+/g, ""));
  return der === undefined || der.length === 0 ? undefined : der;
}

/** PEM with lines of 64 characters and a line feed at the end. */
export function derToPem(der: Uint8Array, label: PemLabel): string {
  const lines = encodeBase64(der).match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join("\n")}\n-----END ${label}-----\n`;
}

/** All parts, one after the other, in a new array. */
export function concatBytes(...parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

import { decodeBase64 } from "../bytes/base64.ts";
import { headerOf } from "./token-checks.ts";

/** A compact JWS taken apart. Nothing in it is verified. */
export type CompactJws = {
  readonly header: Readonly<Record<string, unknown>>;
  readonly payload: Uint8Array<ArrayBuffer>;
  readonly signature: Uint8Array<ArrayBuffer>;
  /** What the signature is over. */
  readonly signed: Uint8Array<ArrayBuffer>;
};

const COMPACT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;
const encoder = new TextEncoder();

/**
 * Takes a compact JWS (RFC 7515, 3.1) apart; undefined when it is none, or one with critical extensions, of which none is
 * understood.
 */
export function compactJws(text: string): CompactJws | undefined {
  const [, head, body, end] = COMPACT.exec(text) ?? [];
  if (head === undefined || body === undefined || end === undefined) return undefined;
  const header = headerOf(decodeBase64(head));
  const [payload, signature] = [decodeBase64(body), decodeBase64(end)];
  if (payload === undefined || signature === undefined || "crit" in header) return undefined;
  return { header, payload, signature, signed: encoder.encode(`${head}.${body}`) };
}

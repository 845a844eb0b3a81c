import { decodeBase64, encodeHex } from "../bytes/base64.ts";
import { CLOCK_AHEAD_SECONDS } from "./replay.ts";
import type { Reason } from "./verdict.ts";

const utf8 = new TextDecoder("utf-8", { fatal: true });
const MILLISECONDS = /^\d{1,15}$/;

/** Why a token's time does not hold: milliseconds since the epoch, a whole number or its digits. */
export function timeFault(
  time: string | number | undefined,
  { nowMs, maxAgeMs }: { readonly nowMs: number; readonly maxAgeMs: number },
): Extract<Reason, "malformed" | "stale" | "future"> | undefined {
  if (!MILLISECONDS.test(String(time))) return "malformed";
  const madeAt = Number(time);
  if (nowMs - madeAt > maxAgeMs) return "stale";
  return madeAt - nowMs > CLOCK_AHEAD_SECONDS * 1000 ? "future" : undefined;
}

/** Whether one of a token's certificate digests, base64 of any alphabet, is among ours. */
export function isAccepted(
  told: readonly string[] | undefined,
  accepted: readonly string[],
): boolean {
  const ours = new Set(accepted.map(digest));
  return (told ?? []).some((one) => ours.has(digest(one) ?? "no digest"));
}

function digest(text: string): string | undefined {
  const bytes = decodeBase64(text);
  return bytes === undefined ? undefined : encodeHex(bytes);
}

/** The JSON value of UTF-8 bytes of at most `maxBytes`; undefined when they are none. */
export function jsonOf(bytes: Uint8Array, maxBytes: number): unknown {
  if (bytes.length > maxBytes) return undefined;
  try {
    return JSON.parse(utf8.decode(bytes));
  } catch {
    return undefined;
  }
}

/** A JOSE header: a JSON object, of at most 16 KiB. */
export function headerOf(bytes: Uint8Array | undefined): Readonly<Record<string, unknown>> {
  const value = bytes === undefined ? undefined : jsonOf(bytes, MAX_HEADER_BYTES);
  return typeof value === "object" && value !== null ? { ...value } : {};
}

const MAX_HEADER_BYTES = 16 * 1024;

import { Buffer } from "node:buffer";

/** A compact JWS (RFC 7515) with JSON claims (RFC 7519), taken apart; nothing about it is verified. */
export type ParsedJwt = {
  readonly algorithm: unknown;
  readonly keyId: unknown;
  readonly claims: Readonly<Record<string, unknown>>;
  /** ASCII of `header.payload`. */
  readonly signed: Uint8Array<ArrayBuffer>;
  readonly signature: Uint8Array<ArrayBuffer>;
};

/** Longer tokens are not looked at. */
export const MAX_JWT_CHARACTERS = 16_384;

const COMPACT = /^([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)\.([A-Za-z0-9_-]+)$/;

/** Undefined when the text is no JWT: too long, not three parts, no JSON objects, or with critical extensions. */
export function parseJwt(text: string): ParsedJwt | undefined {
  if (text.length > MAX_JWT_CHARACTERS) return undefined;
  const [, head = "", payload = "", signature = ""] = COMPACT.exec(text) ?? [];
  if (head === "") return undefined;
  const header = jsonObject(head);
  const claims = jsonObject(payload);
  if (header === undefined || claims === undefined || "crit" in header) return undefined;
  return {
    algorithm: header["alg"],
    keyId: header["kid"],
    claims,
    signed: Buffer.from(text.slice(0, head.length + 1 + payload.length), "latin1"),
    signature: Buffer.from(signature, "base64url"),
  };
}

function jsonObject(part: string): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Whether an `aud` claim, a string or an array, names this audience. */
export function hasAudience(claim: unknown, audience: string): boolean {
  return claim === audience || (Array.isArray(claim) && claim.includes(audience));
}

/**
 * Why the times of a token do not hold; undefined when they do. `iat` and `exp` must be there, `nbf` may be;
 * each is tolerated to be off by `skewSeconds`. All in UTC seconds.
 */
export function timeFault(
  claims: Readonly<Record<string, unknown>>,
  nowSeconds: number,
  skewSeconds: number,
): string | undefined {
  const { iat, exp, nbf } = claims;
  if (!isTime(exp)) return "exp is missing or no number";
  if (!isTime(iat)) return "iat is missing or no number";
  if (nbf !== undefined && !isTime(nbf)) return "nbf is no number";
  if (exp + skewSeconds <= nowSeconds) return `it expired ${Math.round(nowSeconds - exp)} s ago`;
  if (iat - skewSeconds > nowSeconds) {
    return `it was issued ${Math.round(iat - nowSeconds)} s in the future`;
  }
  if (nbf !== undefined && nbf - skewSeconds > nowSeconds) {
    return `it is not valid before ${Math.round(nbf - nowSeconds)} s from now`;
  }
  return undefined;
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

/**
 * JSON Web Tokens (RFC 7519) as compact JWS (RFC 7515): certificates, tokens of issuers and of peers. jose decodes
 * and verifies them; the bounds and the checks of times are here. Only signatures by a public key are known: `none`
 * and HMAC cannot even be asked for.
 */

import { compactVerify, decodeJwt, decodeProtectedHeader, errors, importSPKI } from "jose";
import { encodeBase64Url } from "../bytes/base64.ts";
import type { JwksAlgorithm, JwksKey } from "./jwks.ts";

/** A token taken apart. Nothing in it is verified until {@link verifyJwt} says so. */
export type Jwt = {
  /** The token as it was sent: `header.payload.signature`. */
  readonly text: string;
  readonly algorithm: JwksAlgorithm;
  readonly keyId: string | undefined;
  readonly claims: Readonly<Record<string, unknown>>;
};

/** What a token may be. */
export type JwtLimits = {
  /** Longer texts are not looked at. */
  readonly maxCharacters: number;
  /** The `alg` of the header must be one of these. */
  readonly algorithms: readonly JwksAlgorithm[];
};

/** jose's base64 decoder forgives white space. */
const COMPACT = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*$/;

/**
 * Reads a token without trusting any of it. `malformed`: too long, not three parts of base64url, not JSON objects, or
 * with critical extensions (RFC 7515, 4.1.11), of which none is understood. `algorithm`: signed by another one than
 * `limits` allow.
 */
export function readJwt(text: string, limits: JwtLimits): Jwt | "malformed" | "algorithm" {
  if (text.length > limits.maxCharacters || !COMPACT.test(text)) return "malformed";
  try {
    const { alg, kid, crit } = decodeProtectedHeader(text);
    if (crit !== undefined) return "malformed";
    const algorithm = limits.algorithms.find((allowed) => allowed === alg);
    if (algorithm === undefined) return "algorithm";
    const keyId = typeof kid === "string" ? kid : undefined;
    return { text, algorithm, keyId, claims: decodeJwt(text) };
  } catch {
    return "malformed";
  }
}

/** Whether the holder of `key`, which is one for `algorithm`, signed the token. */
export async function verifyJwt(
  jwt: Jwt,
  algorithm: JwksAlgorithm,
  key: CryptoKey,
): Promise<boolean> {
  if (jwt.algorithm !== algorithm) return false;
  try {
    await compactVerify(jwt.text, key, { algorithms: [algorithm] });
    return true;
  } catch (error) {
    if (error instanceof errors.JOSEError) return false;
    throw error;
  }
}

const importedKeys = new WeakMap<JwksKey, Promise<CryptoKey | undefined>>();

/** Whether the holder of one of these keys signed the token. Keys that the runtime cannot import signed nothing. */
export async function verifyJwtByAny(jwt: Jwt, keys: readonly JwksKey[]): Promise<boolean> {
  for (const candidate of keys) {
    // Importing costs as much as verifying.
    const known = importedKeys.get(candidate) ??
      importSPKI(candidate.publicKeyPem, candidate.algorithm).catch(() => undefined);
    importedKeys.set(candidate, known);
    const key = await known;
    if (key !== undefined && await verifyJwt(jwt, candidate.algorithm, key)) return true;
  }
  return false;
}

/** Whether an `aud` claim, a string or an array, names this audience (RFC 7519, 4.1.3). */
export function hasAudience(claim: unknown, audience: string): boolean {
  return claim === audience || (Array.isArray(claim) && claim.includes(audience));
}

/** The times of a token in UTC seconds, or the first that does not hold. */
export type JwtTimes =
  | { readonly ok: true; readonly issuedAt: number; readonly expiresAt: number }
  | {
    readonly ok: false;
    readonly claim: "exp" | "iat" | "nbf";
    readonly kind: "malformed" | "untimely";
    /** A public text. It holds nothing of the token but how far off the time is. */
    readonly text: string;
  };

/** Checks the times of a token: `iat` and `exp` must be there, `nbf` may be; each may be off by `skewSeconds`. */
export function checkTimes(
  { iat, exp, nbf }: Jwt["claims"],
  nowSeconds: number,
  skewSeconds: number,
): JwtTimes {
  if (!isTime(exp)) return malformed("exp", "exp is missing or no number");
  if (!isTime(iat)) return malformed("iat", "iat is missing or no number");
  if (nbf !== undefined && !isTime(nbf)) return malformed("nbf", "nbf is no number");
  if (exp + skewSeconds <= nowSeconds) {
    return untimely("exp", `it expired ${Math.round(nowSeconds - exp)} s ago`);
  }
  if (iat - skewSeconds > nowSeconds) {
    return untimely("iat", `it was issued ${Math.round(iat - nowSeconds)} s in the future`);
  }
  if (nbf !== undefined && nbf - skewSeconds > nowSeconds) {
    return untimely("nbf", `it is not valid before ${Math.round(nbf - nowSeconds)} s from now`);
  }
  return { ok: true, issuedAt: iat, expiresAt: exp };
}

type TimeClaim = Extract<JwtTimes, { ok: false }>["claim"];

function malformed(claim: TimeClaim, text: string): JwtTimes {
  return { ok: false, claim, kind: "malformed", text };
}

function untimely(claim: TimeClaim, text: string): JwtTimes {
  return { ok: false, claim, kind: "untimely", text };
}

function isTime(value: unknown): value is number {
  return typeof value === "number" && Number.isFinite(value);
}

/**
 * A token signed ES256 (RFC 7518, 3.4). `sign` answers r ‖ s, 64 bytes, of ECDSA P-256 / SHA-256. (jose signs only
 * with keys that it holds; a key manager's key never leaves it.)
 */
export async function signJwt(
  sign: (data: Uint8Array<ArrayBuffer>) => Promise<Uint8Array>,
  keyId: string,
  claims: Readonly<Record<string, unknown>>,
): Promise<string> {
  const signed = `${part({ alg: "ES256", kid: keyId, typ: "JWT" })}.${part(claims)}`;
  return `${signed}.${encodeBase64Url(await sign(new TextEncoder().encode(signed)))}`;
}

function part(value: unknown): string {
  return encodeBase64Url(new TextEncoder().encode(JSON.stringify(value)));
}

import {
  decodeJwt,
  decodeProtectedHeader,
  errors,
  importSPKI,
  type JWTPayload,
  jwtVerify,
} from "jose";
import { accept, type Outcome, refuse } from "../../src/errors.ts";
import { decodeBase64 } from "../../src/bytes/base64.ts";
import type { JwksKey } from "../../src/keys/jwks.ts";

/** Longer tokens are not looked at. */
export const MAX_TOKEN_CHARACTERS = 8192;
/** How far the clocks of two servers may differ, in seconds. */
export const CLOCK_SKEW_SECONDS = 60;
/** A token that is valid for longer is not accepted. */
export const MAX_LIFETIME_SECONDS = 86_400;

const BASE64URL = /^[A-Za-z0-9_-]+$/;
const ALGORITHMS = ["ES256", "RS256", "EdDSA"];

/** What a token says of itself before anybody checked it. */
export type UnverifiedToken = {
  readonly text: string;
  readonly kid?: string;
  readonly issuer: string;
  readonly subject: string;
  readonly audience: string;
};

/** A token that was checked. */
export type VerifiedToken = {
  readonly jti?: string;
  /** UTC seconds. */
  readonly expiresAt: number;
};

/** Reads the `authorization` header and the token in it, without trusting any of it. */
export function readToken(authorization: string | null): Outcome<UnverifiedToken> {
  if (authorization === null) return unauthenticated("the call has no authorization header");
  const [, text] = /^bearer +(\S+) *$/i.exec(authorization.slice(0, MAX_TOKEN_CHARACTERS + 100)) ??
    [];
  if (text === undefined || text.length > MAX_TOKEN_CHARACTERS) {
    return unauthenticated("authorization must be Bearer and a token of at most 8 KiB");
  }
  try {
    const { alg, kid } = decodeProtectedHeader(text);
    if (alg === undefined || !ALGORITHMS.includes(alg)) {
      return unauthenticated(`the token must be signed with one of ${ALGORITHMS.join(", ")}`);
    }
    // Bits after the last byte would give one token many texts.
    if (
      !text.split(".").every((part) => BASE64URL.test(part) && decodeBase64(part) !== undefined)
    ) {
      return unauthenticated("the token is not a JWT");
    }
    const { iss, sub, aud } = decodeJwt(text);
    const [audience, second] = typeof aud === "string" ? [aud] : aud ?? [];
    if (typeof iss !== "string" || typeof sub !== "string") {
      return unauthenticated("the token must have iss and sub");
    }
    if (typeof audience !== "string" || second !== undefined) {
      return unauthenticated("the token must have exactly one aud");
    }
    const named = kid === undefined ? {} : { kid };
    return accept({ text, ...named, issuer: iss, subject: sub, audience });
  } catch {
    return unauthenticated("the token is not a JWT");
  }
}

/** Checks signature, names and times of a token against the keys of its issuer. `now` in UTC seconds. */
export async function verifyToken(
  token: UnverifiedToken,
  keys: readonly JwksKey[],
  now: number,
): Promise<Outcome<VerifiedToken>> {
  let reason = "the token's signature is wrong";
  for (const candidate of keys) {
    const { algorithm } = candidate;
    try {
      const key = await imported(candidate);
      const { payload } = await jwtVerify(token.text, key, {
        algorithms: [algorithm],
        issuer: token.issuer,
        subject: token.subject,
        audience: token.audience,
        clockTolerance: CLOCK_SKEW_SECONDS,
        currentDate: new Date(now * 1000),
        requiredClaims: ["iat", "exp"],
      });
      return checkTimes(payload, now);
    } catch (error) {
      if (error instanceof errors.JWTExpired) reason = "the token has expired";
      else if (error instanceof errors.JWTClaimValidationFailed) {
        reason = `the token's ${error.claim} does not hold`;
      }
    }
  }
  return unauthenticated(reason);
}

const importedKeys = new WeakMap<JwksKey, Promise<CryptoKey>>();

/** Importing costs as much as verifying. */
function imported(candidate: JwksKey): Promise<CryptoKey> {
  const known = importedKeys.get(candidate);
  if (known !== undefined) return known;
  const key = importSPKI(candidate.publicKeyPem, candidate.algorithm);
  importedKeys.set(candidate, key);
  return key;
}

function checkTimes({ iat, exp, jti }: JWTPayload, now: number): Outcome<VerifiedToken> {
  if (iat === undefined || exp === undefined || iat > now + CLOCK_SKEW_SECONDS) {
    return unauthenticated("the token's iat does not hold");
  }
  if (exp - iat > MAX_LIFETIME_SECONDS) {
    return unauthenticated("the token is valid for more than a day");
  }
  return accept({ expiresAt: exp, ...(typeof jti === "string" ? { jti } : {}) });
}

const unauthenticated = (message: string) => refuse("unauthenticated", message);

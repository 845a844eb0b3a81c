import { decodeBase64 } from "../../src/bytes/base64.ts";
import { accept, type Outcome, refuse } from "../../src/errors.ts";
import type { JwksKey } from "../../src/keys/jwks.ts";
import { checkTimes, type Jwt, readJwt, verifyJwtByAny } from "../../src/keys/jwt.ts";

/** Longer tokens are not looked at. */
const MAX_TOKEN_CHARACTERS = 8192;
/** How far the clocks of two servers may differ, in seconds. */
export const CLOCK_SKEW_SECONDS = 60;
/** A token that is valid for longer is not accepted. */
const MAX_LIFETIME_SECONDS = 86_400;

const ALGORITHMS = ["ES256", "RS256", "EdDSA"] as const;

/** What a token says of itself before anybody checked it. */
export type UnverifiedToken = {
  readonly jwt: Jwt;
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
  const jwt = readJwt(text, { maxCharacters: MAX_TOKEN_CHARACTERS, algorithms: ALGORITHMS });
  if (jwt === "algorithm") {
    return unauthenticated(`the token must be signed with one of ${ALGORITHMS.join(", ")}`);
  }
  // Bits after the last byte would give one token many texts.
  if (jwt === "malformed" || text.split(".").some((part) => decodeBase64(part) === undefined)) {
    return unauthenticated("the token is not a JWT");
  }
  const { iss, sub, aud } = jwt.claims;
  const [audience, second]: readonly unknown[] = Array.isArray(aud) ? aud : [aud];
  if (typeof iss !== "string" || typeof sub !== "string") {
    return unauthenticated("the token must have iss and sub");
  }
  if (typeof audience !== "string" || second !== undefined) {
    return unauthenticated("the token must have exactly one aud");
  }
  return accept({ jwt, issuer: iss, subject: sub, audience });
}

/** Checks signature and times of a token against the keys of its issuer. `now` in UTC seconds. */
export async function verifyToken(
  { jwt }: UnverifiedToken,
  keys: readonly JwksKey[],
  now: number,
): Promise<Outcome<VerifiedToken>> {
  if (!await verifyJwtByAny(jwt, keys)) return unauthenticated("the token's signature is wrong");
  const times = checkTimes(jwt.claims, now, CLOCK_SKEW_SECONDS);
  if (!times.ok) {
    return unauthenticated(
      times.claim === "exp" && times.kind === "untimely"
        ? "the token has expired"
        : `the token's ${times.claim} does not hold`,
    );
  }
  if (times.expiresAt - times.issuedAt > MAX_LIFETIME_SECONDS) {
    return unauthenticated("the token is valid for more than a day");
  }
  const { jti } = jwt.claims;
  // NumericDate may have a fraction (RFC 7519, section 2).
  return accept({
    expiresAt: Math.ceil(times.expiresAt),
    ...(typeof jti === "string" ? { jti } : {}),
  });
}

const unauthenticated = (message: string) => refuse("unauthenticated", message);

import { decodeJwt } from "jose";
import { AppError } from "../../src/errors.ts";
import type { Expiring } from "../../src/cloud/credential.ts";

/** Longer tokens are not shown to anybody. */
const MAX_TOKEN_CHARACTERS = 16_384;
/** What a bearer token may be written with (RFC 6750, 2.1). */
const TOKEN = /^[A-Za-z0-9._~+/-]+=*$/;
/** A token that does not tell its end is kept for so long. */
const UNKNOWN_LIFE_MS = 60_000;

/** Why there is no token for a call: what could not be done, and what to check. Never anything of a token. */
export function callFailure(what: string, cure: string): AppError {
  return new AppError("identity_unavailable", `${what}: ${cure}`);
}

/** What {@link checkedToken} looks at. */
export type TokenClaim = {
  readonly token: string;
  /** Whom it must be for, where it tells. */
  readonly audience: string | undefined;
  readonly nowMs: number;
  /** How long its giver says that it is valid. */
  readonly lifeMs?: number | undefined;
  /** Where it came from, for the failure. */
  readonly from: string;
};

/**
 * A token with its end, from its own claims where it is a JWT. Throws `identity_unavailable` for what is no token, one
 * that has expired, and one for another audience: the peer would refuse them without a word.
 */
export function checkedToken(
  { token, audience, nowMs, lifeMs, from }: TokenClaim,
): Expiring<string> {
  if (token.length > MAX_TOKEN_CHARACTERS || !TOKEN.test(token)) {
    throw callFailure(`${from} gave no token`, "it must be one line, at most 16 KiB");
  }
  const claims = claimsOf(token);
  const given = lifeMs === undefined ? undefined : nowMs + lifeMs;
  const ends = [given, claims.endsAtMs].filter((end) => end !== undefined);
  const expiresAtMs = ends.length === 0 ? nowMs + UNKNOWN_LIFE_MS : Math.min(...ends);
  if (expiresAtMs <= nowMs) {
    throw callFailure(`${from} gave a token that has expired`, "renew it, and check the clocks");
  }
  if (audience !== undefined && claims.audiences?.includes(audience) === false) {
    throw callFailure(
      `${from} gave a token for another audience than call.audience`,
      "ask for that audience there, or correct call.audience",
    );
  }
  return { value: token, expiresAtMs };
}

type Claims = {
  readonly endsAtMs?: number;
  readonly audiences?: readonly unknown[];
};

/** What a JWT says of itself; nothing for a token of another kind. */
function claimsOf(token: string): Claims {
  try {
    const { exp, aud } = decodeJwt(token);
    return {
      ...(typeof exp === "number" && Number.isFinite(exp) ? { endsAtMs: exp * 1000 } : {}),
      ...(aud === undefined ? {} : { audiences: Array.isArray(aud) ? aud : [aud] }),
    };
  } catch {
    return {};
  }
}

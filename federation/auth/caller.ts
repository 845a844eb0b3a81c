import { accept, type Outcome, type Refusal, refuse } from "../../src/errors.ts";
import { type JwksKey, parseJwks } from "../../src/keys/jwks.ts";
import type { ServerId } from "../../src/model/ids.ts";
import { isActive } from "../../src/model/resource/members.ts";
import type { Peer } from "../../src/model/resource/peer.ts";
import type { IssuerKeys } from "./issuer-keys.ts";
import { CLOCK_SKEW_SECONDS, readToken, type UnverifiedToken, verifyToken } from "./token.ts";

/** Which tokens were used already. */
export type SeenTokens = {
  /** Whether this is the first use; kept until `expiresAt`, UTC seconds. */
  firstUse(issuer: string, jti: string, expiresAt: number): Promise<boolean>;
};

/** What a call shows. */
export type Credentials = {
  /** The `authorization` header. */
  readonly authorization: string | null;
  /** SHA-256 of the client's certificate, lower-case hex. */
  readonly certificateFingerprint?: string | undefined;
  /** Whether the token must not have been used before. */
  readonly onlyOnce: boolean;
  /** Asked last, and may take its time; a call that it refuses leaves the token unused. */
  readonly mayGoOn?: (peer: Peer) => Promise<Refusal | undefined>;
};

/** Tells who calls. */
export type Authenticate = (credentials: Credentials) => Promise<Outcome<Peer>>;

/** What {@link authenticator} needs. */
export type AuthenticatorOptions = {
  readonly peers: (maxAgeMs?: number) => Promise<readonly Peer[]>;
  /** Our own name: the audience of tokens unless the agreement says otherwise. */
  readonly serverId: ServerId;
  readonly issuerKeys: IssuerKeys;
  readonly seenTokens: SeenTokens;
  readonly crypto: Crypto;
  /** Milliseconds since the epoch. */
  readonly clockMs: () => number;
};

/** Strangers make us read agreements this often at most. */
const SECOND_LOOK_MS = 50;
const MAX_JTI_CHARACTERS = 500;

/** No database keeps a zero byte, and no other control character is of use. */
function isJti(jti: string | undefined): jti is string {
  return jti !== undefined && jti !== "" && jti.length <= MAX_JTI_CHARACTERS &&
    !/\p{Cc}/u.test(jti);
}

/**
 * Finds the one agreement whose issuer, subject and audience are exactly those of the token, then checks the token
 * with the issuer's keys (pinned ones where the agreement has them), the client's certificate where the agreement
 * asks for it, and that the agreement is in force.
 */
export function authenticator(options: AuthenticatorOptions): Authenticate {
  const { clockMs, seenTokens } = options;
  const pinned = new WeakMap<Peer, Promise<Outcome<readonly JwksKey[]>>>();

  const keysOf = async (peer: Peer, token: UnverifiedToken) => {
    const { keyId } = token.jwt;
    if (peer.auth.jwks === undefined) return await options.issuerKeys.find(token.issuer, keyId);
    const known = pinned.get(peer) ?? pinnedKeys(options.crypto, peer.auth.jwks);
    pinned.set(peer, known);
    const keys = await known;
    if (!keys.ok || keyId === undefined) return keys;
    return accept(keys.value.filter((key) => key.kid === keyId));
  };

  return async ({ authorization, certificateFingerprint, onlyOnce, mayGoOn }) => {
    const token = readToken(authorization);
    if (!token.ok) return token;
    // An agreement that was made a moment ago counts: before a stranger is told so, the newest ones decide.
    const peer = agreementOf(token.value, await options.peers(), options.serverId) ??
      agreementOf(token.value, await options.peers(SECOND_LOOK_MS), options.serverId);
    if (peer === undefined) {
      return refuse("unauthenticated", "no agreement names the token's iss, sub and aud");
    }
    const keys = await keysOf(peer, token.value);
    if (!keys.ok) return keys;
    const now = Math.floor(clockMs() / 1000);
    const verified = await verifyToken(token.value, keys.value, now);
    if (!verified.ok) return verified;
    const wanted = peer.auth.certificateFingerprint;
    if (wanted !== undefined && wanted !== certificateFingerprint) {
      return refuse("unauthenticated", "the agreement asks for another client certificate");
    }
    if (!isActive(peer, now)) return refuse("permission_denied", "the agreement is not in force");
    if (!onlyOnce) return await mayGoOn?.(peer) ?? accept(peer);
    const { jti, expiresAt } = verified.value;
    if (!isJti(jti)) {
      return refuse("unauthenticated", "the token must have a jti for this method");
    }
    const refusal = await mayGoOn?.(peer);
    if (refusal !== undefined) return refusal;
    const until = expiresAt + CLOCK_SKEW_SECONDS;
    const first = await seenTokens.firstUse(token.value.issuer, jti, until);
    return first ? accept(peer) : refuse("unauthenticated", "the token was used before");
  };
}

/** Two agreements that both fit are none. */
function agreementOf(
  token: UnverifiedToken,
  peers: readonly Peer[],
  serverId: ServerId,
): Peer | undefined {
  const fitting = peers.filter(({ auth, serverId: theirs }) =>
    token.issuer === (auth.issuer ?? theirs) &&
    token.subject === (auth.subject ?? theirs) &&
    token.audience === (auth.audience ?? serverId)
  );
  return fitting.length === 1 ? fitting[0] : undefined;
}

async function pinnedKeys(
  crypto: Crypto,
  jwks: NonNullable<Peer["auth"]["jwks"]>,
): Promise<Outcome<readonly JwksKey[]>> {
  const parsed = await parseJwks(crypto, new TextEncoder().encode(JSON.stringify(jwks)));
  if (parsed.ok) return accept(parsed.value.keys);
  return refuse("unavailable", `the agreement's pinned keys cannot be used: ${parsed.message}`);
}

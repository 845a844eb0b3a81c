import { decodeBase64, encodeBase64Url } from "../../bytes/base64.ts";
import { concatBytes } from "../../keys/pem.ts";
import { equalBytes, hmacSha256 } from "../../keys/crypto.ts";
import { asHealthAuthorityId } from "../../model/ids.ts";

/** What making and checking challenges needs: nothing is kept of them, so that nobody can fill a table. */
export type ChallengeDependencies = {
  readonly crypto: Crypto;
  /** MAC key. */
  readonly key: Uint8Array;
  readonly healthAuthority: string;
  readonly nowMs: number;
};

/** random(16) ‖ expiry(8, Unix seconds, big endian) ‖ HMAC-SHA-256(32). */
const RANDOM_BYTES = 16;
const STATED_BYTES = RANDOM_BYTES + 8;
const CHALLENGE_BYTES = STATED_BYTES + 32;
const LIFETIME_SECONDS = 600;

/** A challenge for a health authority's app, base64url; it is good for ten minutes. */
export async function makeChallenge(deps: ChallengeDependencies): Promise<string> {
  const stated = new Uint8Array(STATED_BYTES);
  deps.crypto.getRandomValues(stated.subarray(0, RANDOM_BYTES));
  const expiry = Math.floor(deps.nowMs / 1000) + LIFETIME_SECONDS;
  new DataView(stated.buffer).setBigUint64(RANDOM_BYTES, BigInt(expiry));
  return encodeBase64Url(concatBytes(stated, await mac(deps, stated)));
}

/** When a challenge ends, Unix seconds; undefined unless we made it for this health authority and it is still good. */
export async function challengeEnd(
  deps: ChallengeDependencies,
  challenge: string,
): Promise<number | undefined> {
  const bytes = decodeBase64(challenge);
  if (bytes?.length !== CHALLENGE_BYTES) return undefined;
  const stated = bytes.subarray(0, STATED_BYTES);
  if (!equalBytes(bytes.subarray(STATED_BYTES), await mac(deps, stated))) return undefined;
  const expiry = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(RANDOM_BYTES));
  return deps.nowMs / 1000 < expiry ? expiry : undefined;
}

async function mac(
  { crypto, key, healthAuthority }: ChallengeDependencies,
  stated: Uint8Array,
): Promise<Uint8Array> {
  const authority = new TextEncoder().encode(`\0${asHealthAuthorityId(healthAuthority)}`);
  return await hmacSha256(crypto, key, concatBytes(stated, authority));
}

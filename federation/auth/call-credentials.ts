import { recentMap } from "../../src/bounds/recent.ts";
import { type Credential, renewedCredential } from "../../src/cloud/credential.ts";
import { pathOf } from "../../src/model/resource/members.ts";
import type { Peer } from "../../src/model/resource/peer.ts";
import { clientTokens } from "./client-credentials.ts";
import { serviceAccountTokens } from "./service-account.ts";
import type { PostForm } from "./token-endpoint.ts";
import { tokenFile } from "./token-file.ts";

/** What calls to a peer show; asked for each call. `get` rejects with an AppError that tells the member to mend. */
export type CallCredentials = (peer: Peer) => Credential<string>;

/** What {@link callCredentials} needs. */
export type CallCredentialsOptions = {
  /** A token of our own for an audience, new each time. */
  readonly ownToken: (audience: string) => Promise<string>;
  readonly post: PostForm;
  readonly crypto: Crypto;
  /** Milliseconds since the epoch. */
  readonly clockMs: () => number;
};

/** Credentials are kept for so many agreements. */
const MAX_KEPT = 1000;

/**
 * The credentials that each agreement asks for. Tokens of others are kept until shortly before they end, and for all
 * calls of a peer; another `call` of the agreement begins anew.
 */
export function callCredentials(options: CallCredentialsOptions): CallCredentials {
  const kept = recentMap<string, Credential<string>>({ maxSize: MAX_KEPT });
  return (peer) => {
    const { call, serverId } = peer;
    if (call === undefined) return ownCredential(options, serverId);
    const name = JSON.stringify([peer.name, serverId, call]);
    return kept.getOrCreate(name, () => newCredential(options, peer, call));
  };
}

function newCredential(
  options: CallCredentialsOptions,
  { serverId }: Peer,
  { audience, tokenFile: file, serviceAccount, client }: NonNullable<Peer["call"]>,
): Credential<string> {
  const { post, crypto, clockMs } = options;
  const whom = audience ?? serverId;
  if (file !== undefined) return tokenFile(pathOf(file), audience, clockMs);
  if (serviceAccount !== undefined) {
    const load = serviceAccountTokens(pathOf(serviceAccount), whom, post, clockMs);
    return renewedCredential(load, clockMs);
  }
  if (client === undefined) return ownCredential(options, whom);
  return renewedCredential(clientTokens({ client, audience, post, crypto, clockMs }), clockMs);
}

/** One that was refused is refused again. */
const ownCredential = (
  { ownToken }: CallCredentialsOptions,
  audience: string,
): Credential<string> => ({ get: () => ownToken(audience), refused: () => false });

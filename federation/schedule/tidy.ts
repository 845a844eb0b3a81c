import { dayAt } from "../../src/model/interval.ts";
import type { Peer } from "../../src/model/resource/peer.ts";
import { KEPT_DIGEST_DAYS } from "../client/pull.ts";

/** What {@link tidyFederation} needs. */
export type TidyDependencies = {
  readonly peers: () => Promise<readonly Peer[]>;
  readonly pages: { forget(olderThanSeconds: number): Promise<number> };
  readonly seenTokens: { forget(nowSeconds: number): Promise<number> };
  readonly places: {
    forgetOthers(peers: readonly string[]): Promise<number>;
    forgetDigests(beforeDay: number): Promise<number>;
  };
  /** Milliseconds since the epoch. */
  readonly clockMs: () => number;
};

/** The history of pages is kept for so long, in seconds: 30 days. */
const PAGE_HISTORY_SECONDS: number = 30 * 86_400;

/** Forgets old pages, digests of old days, expired tokens, and all about peers that are no more. For the job `retention`. */
export async function tidyFederation(
  { peers, pages, seenTokens, places, clockMs }: TidyDependencies,
): Promise<Readonly<Record<string, number>>> {
  const names = (await peers()).map((peer) => peer.name);
  return {
    peerPages: await pages.forget(PAGE_HISTORY_SECONDS),
    seenTokens: await seenTokens.forget(Math.floor(clockMs() / 1000)),
    peerDigests: await places.forgetDigests(dayAt(clockMs() / 1000) - KEPT_DIGEST_DAYS),
    formerPeers: await places.forgetOthers(names),
  };
}

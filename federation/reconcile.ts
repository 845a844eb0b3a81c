import type { DayDigest } from "../src/model/feed.ts";
import type { PeerCursors } from "../src/model/peer-sync.ts";
import { dayAt } from "../src/model/interval.ts";
import type { Peer } from "../src/model/resource/peer.ts";
import type { PeerClient } from "./client.ts";
import { differingDays, DIGEST_BYTES } from "./digest.ts";
import { pullFilters } from "./pull.ts";

/** What a comparison found. */
export type Comparison =
  | { readonly kind: "same" }
  | { readonly kind: "different"; readonly days: readonly number[]; readonly missing: number }
  /** The peer does not say, or is further than we are. */
  | { readonly kind: "unknown" };

/** Days that are compared: both sides still have all their keys, whatever their retention of 14 days deletes first. */
export const COMPARED_DAYS = 12;

/**
 * Compares what the peer says it sent with what was pulled from it, per UTC day of the keys. `cursors` are those of a
 * pull that was caught up; when another window has closed meanwhile, nothing can be said.
 */
export async function compareDigests(
  peer: Peer,
  client: PeerClient,
  pulled: readonly DayDigest[],
  cursors: PeerCursors,
  nowSeconds: number,
  signal: AbortSignal,
): Promise<Comparison> {
  const until = dayAt(nowSeconds) + 1;
  const from = until - COMPARED_DAYS;
  const answer = await client.describe(
    { fromDay: from, untilDay: until, ...pullFilters(peer) },
    signal,
  );
  if (!answer.ok) return { kind: "unknown" };
  const { closedThrough } = answer.value;
  if (closedThrough !== cursors.keys.timestamp || closedThrough !== cursors.revised.timestamp) {
    return { kind: "unknown" };
  }
  const told = answer.value.days.map(({ day, count, digest }): DayDigest => ({
    day: day ?? 0,
    count: count ?? 0,
    digest: digest?.length === DIGEST_BYTES ? digest : new Uint8Array(DIGEST_BYTES),
  }));
  const days = differingDays(told, pulled, from, until);
  return days.length === 0 ? { kind: "same" } : {
    kind: "different",
    days,
    missing: days.reduce(
      (sum, day) => sum + Math.max(0, countOf(told, day) - countOf(pulled, day)),
      0,
    ),
  };
}

const countOf = (digests: readonly DayDigest[], day: number): number =>
  digests.find((one) => one.day === day)?.count ?? 0;

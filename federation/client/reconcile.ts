import type { DayDigest } from "../../src/model/feed.ts";
import type { PeerCursors } from "../../src/model/peer-sync.ts";
import { dayAt } from "../../src/model/interval.ts";
import type { Peer } from "../../src/model/resource/peer.ts";
import type { PeerClient } from "./peer-client.ts";
import { differingDays, DIGEST_BYTES } from "../digest.ts";
import { givesNone } from "../policy/no-region.ts";
import { pullFilters } from "./pull.ts";

/** What a comparison found. */
export type Comparison =
  | { readonly kind: "same"; readonly givesNone: boolean }
  | {
    readonly kind: "different";
    readonly days: readonly number[];
    readonly missing: number;
    /** The peer gives none of the regions that we take. */
    readonly givesNone: boolean;
  }
  /** The peer does not say, or is further than we are. */
  | { readonly kind: "unknown" };

/** Days that are compared: both sides still have all their keys, whatever their retention of 14 days deletes first. */
const COMPARED_DAYS = 12;

/** What a peer says it sent. */
export type ToldDigests = {
  readonly days: readonly DayDigest[];
  /** Windows that end there or earlier; UTC seconds. */
  readonly closedThrough: number;
  /** The days for which this holds, from `from` on and before `until`. */
  readonly from: number;
  readonly until: number;
  /** The regions that it gives us. */
  readonly regions: readonly string[];
};

/** Asks a peer what it sent; undefined when it does not say. */
export async function toldDigests(
  peer: Peer,
  client: PeerClient,
  nowSeconds: number,
  signal: AbortSignal,
): Promise<ToldDigests | undefined> {
  const until = dayAt(nowSeconds) + 1;
  const from = until - COMPARED_DAYS;
  const answer = await client.describe(
    { fromDay: from, untilDay: until, ...pullFilters(peer) },
    signal,
  );
  if (!answer.ok) return undefined;
  const { closedThrough, digestsFromDay } = answer.value;
  return {
    closedThrough,
    from: Math.max(from, digestsFromDay),
    until,
    regions: answer.value.regions,
    days: answer.value.days.map(({ day, count, digest }): DayDigest => ({
      day: day ?? 0,
      count: count ?? 0,
      digest: digest?.length === DIGEST_BYTES ? digest : new Uint8Array(DIGEST_BYTES),
    })),
  };
}

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
  const told = await toldDigests(peer, client, nowSeconds, signal);
  if (
    told === undefined || told.closedThrough !== cursors.keys.timestamp ||
    told.closedThrough !== cursors.revised.timestamp
  ) return { kind: "unknown" };
  const days = differingDays(told.days, pulled, told.from, told.until);
  const none = { givesNone: givesNone(told.regions, peer) };
  return days.length === 0
    ? { kind: "same", ...none }
    : { kind: "different", days, missing: missingKeys(told, pulled), ...none };
}

/** How many more keys the peer sent than came. */
export function missingKeys(
  { days, from, until }: ToldDigests,
  pulled: readonly DayDigest[],
): number {
  const counts = new Map(pulled.map(({ day, count }) => [day, count]));
  return days.filter(({ day }) => day >= from && day < until)
    .reduce((sum, { day, count }) => sum + Math.max(0, count - (counts.get(day) ?? 0)), 0);
}

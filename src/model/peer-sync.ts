/** How federation with a peer stands. */

import type { ServerId } from "./ids.ts";

/** Whom a key comes from: the server, which alone may revise it, and the agreement's name. */
export type KeySender = { readonly name: string; readonly serverId: ServerId };

/** A place in a feed, as whoever gave it understands it. */
export type PeerCursor = { readonly timestamp: number; readonly nextToken: string };

/** Places in both streams of a feed. */
export type PeerCursors = { readonly keys: PeerCursor; readonly revised: PeerCursor };

/** Places, what they belong to, and a version that changes with every move. 0: there is no place yet. */
export type PlaceInFeed = {
  /** Server and filters; another text means that the places are worth nothing. */
  readonly filters: string;
  readonly cursors: PeerCursors;
  readonly version: number;
};

/** Who calls whom to move keys: `pull`: we fetch theirs; `push`: we hand over ours. */
export type Direction = "pull" | "push";

/** The same, seen from here, for the history: `fetched` and `pushed`: the peer called. */
export type PageKind = "pull" | "push" | "fetched" | "pushed";

/** A page or batch that held keys. */
export type PageRecord = {
  readonly peer: string;
  readonly kind: PageKind;
  readonly keys: number;
  readonly revised: number;
  /** How many got which verdict: `stored`, `revised`, `duplicate`, or the reason of a refusal. */
  readonly verdicts: Readonly<Record<string, number>>;
  readonly tookMs: number;
};

/** `behind`: it works, and there is more; `refused`: the peer does not let us in. */
export type SyncState = "ok" | "behind" | "failing" | "refused";

/** How one direction stands. Times are UTC seconds of the database's clock. */
export type SyncStatus = {
  readonly state: SyncState;
  readonly stateSince: number;
  readonly triedAt: number;
  readonly succeededAt?: number;
  readonly nextTryAt: number;
  /** The sender's window that comes next; everything before it came over. Absent: not even the first one did. */
  readonly nextWindow?: number;
  /** In a row. */
  readonly failures: number;
  /** Why it fails, at most 1 KiB. */
  readonly error?: string;
  /** How far we are behind, as far as that can be known. */
  readonly lagSeconds?: number;
  readonly lagKeys?: number;
  /** Since when every comparison of digests found the same keys on both sides. */
  readonly inSyncSince?: number;
  readonly comparedAt?: number;
  readonly repairedAt?: number;
};

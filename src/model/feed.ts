/** The feed: the order in which keys go to peers, and which of them. */

import type { FederatedKey } from "./exposure.ts";
import type { IntervalNumber, Region, ServerId, Window } from "./ids.ts";

/** New keys in the order of (created_at, key), revised ones in the order of (revised_at, key). */
export type FeedStream = "new" | "revised";

/** A place in one stream: after this key of this window, or before the window's first key when there is none. */
export type FeedPosition = { readonly window: Window; readonly key?: Uint8Array };

/** Which keys may go to a peer: its wish within its agreement. */
export type Selection = {
  /** A key goes out only with one of these; empty: none goes. */
  readonly regions: readonly Region[];
  /** A key with one of these never goes. */
  readonly excludeRegions: readonly Region[];
  readonly onlyTravelers: boolean;
  /** Only keys that phones published here. */
  readonly onlyLocal: boolean;
  /** Whether keys go with their days since onset. */
  readonly symptomOnset: boolean;
  /** Whether self reports go. */
  readonly selfReport: boolean;
  /** The resource's name of whom they go to: nothing goes back to it. */
  readonly peer: string;
  readonly serverId: ServerId;
};

/** A key that crossed this many servers goes no further. */
export const MAX_HOPS = 4;

/** A stretch of a stream. */
export type FeedQuery = {
  readonly selection: Selection;
  readonly after: FeedPosition;
  /** Only windows that end there or earlier. */
  readonly closedThrough: Window;
  /** Only keys that are valid until this interval or later. */
  readonly oldest: IntervalNumber;
  /** Keys at most; 1 or more. */
  readonly limit: number;
  /** Bytes on the wire at most, roughly; a single key may have more. */
  readonly maxBytes: number;
};

/** A key of the feed, and the window in which it was published or revised. */
export type FeedKey = FederatedKey & { readonly window: Window };

/** Part of a stream. */
export type FeedPage = {
  /** With their first report in the stream of new keys, with the revision in the other; and with all their regions. */
  readonly keys: readonly FeedKey[];
  /** Everything before it was looked at. */
  readonly next: FeedPosition;
  /** Whether nothing is left in the closed windows. */
  readonly exhausted: boolean;
  /** Rows that were looked at; of a page from dense rows only those that it has. */
  readonly scanned: number;
  /** What the keys take on the wire, roughly and at most. */
  readonly bytes: number;
};

/** Keys of one UTC day as they went over the wire: how many, and the XOR of their SHA-256. */
export type DayDigest = {
  readonly day: number;
  readonly count: number;
  readonly digest: Uint8Array;
};

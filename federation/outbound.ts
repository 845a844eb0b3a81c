import type {
  FeedKey,
  FeedPage,
  FeedPosition,
  FeedQuery,
  FeedStream,
  Selection,
} from "../src/model/feed.ts";
import { asSeconds, asWindow, type Window } from "../src/model/ids.ts";
import { oldestEnd } from "../src/model/key-check.ts";

/** Where the feed is read from. */
export type FeedStore = { read(stream: FeedStream, query: FeedQuery): Promise<FeedPage> };

/** What the feed needs. */
export type FeedDependencies = {
  readonly feed: FeedStore;
  /** Windows that end there or earlier are closed for good. */
  readonly closedThrough: () => Promise<Window>;
  /** Milliseconds since the epoch. */
  readonly clockMs: () => number;
  /** MAX_INTERVAL_AGE_ON_PUBLISH: older keys do not go out. */
  readonly maxAgeSeconds: number;
};

/** A closed window stays closed, so callers may share an answer for a second. `clockMs` as in the others. */
export function recentWatermark(
  closedThrough: () => Promise<Window>,
  clockMs: () => number,
): () => Promise<Window> {
  let asked: { readonly at: number; readonly answer: Promise<Window> } | undefined;
  return () => {
    const now = clockMs();
    if (asked === undefined || now < asked.at || now - asked.at >= RECENT_MS) {
      const fresh = { at: now, answer: closedThrough() };
      asked = fresh;
      fresh.answer.catch(() => {
        if (asked === fresh) asked = undefined;
      });
    }
    return asked.answer;
  };
}

const RECENT_MS = 1000;

/** Places in both streams. */
export type FeedPositions = Readonly<Record<FeedStream, FeedPosition>>;

/** The beginning of everything. */
export const FEED_START: FeedPositions = {
  new: { window: asWindow(0) },
  revised: { window: asWindow(0) },
};

/** What goes out at once. */
export type OutboundPage = {
  readonly keys: readonly FeedKey[];
  readonly revised: readonly FeedKey[];
  readonly next: FeedPositions;
  /** Whether there may be more in the windows that are closed by now. */
  readonly partial: boolean;
  /** Rows that were looked at for it. */
  readonly scanned: number;
};

/** A page ends there, so that a message with what is around it stays below 4 MiB. */
export const MAX_PAGE_BYTES: number = 3 * 1024 * 1024;

/**
 * The next page for a selection: at most `limit` keys and about 3 MiB, new ones first, and revised ones only when no new one is
 * left, so that a revision never comes before its key.
 */
export async function outboundPage(
  deps: FeedDependencies,
  selection: Selection,
  after: FeedPositions,
  limit: number,
): Promise<OutboundPage> {
  const now = asSeconds(deps.clockMs() / 1000);
  const closedThrough = await deps.closedThrough();
  const read = (stream: FeedStream, room: number, bytes: number): Promise<FeedPage> =>
    deps.feed.read(stream, {
      selection,
      after: after[stream],
      closedThrough,
      oldest: oldestEnd(now, deps.maxAgeSeconds),
      limit: room,
      maxBytes: bytes,
    });
  const fresh = await read("new", limit, MAX_PAGE_BYTES);
  const keys = fresh.keys.map((key) => shownKey(key, selection));
  const room = limit - keys.length;
  if (!fresh.exhausted || room === 0) {
    const next = { new: fresh.next, revised: after.revised };
    return { keys, revised: [], next, partial: true, scanned: fresh.scanned };
  }
  const revised = await read("revised", room, MAX_PAGE_BYTES - fresh.bytes);
  return {
    keys,
    revised: revised.keys.map((key) => shownKey(key, selection)),
    next: { new: fresh.next, revised: revised.next },
    partial: !revised.exhausted,
    scanned: fresh.scanned + revised.scanned,
  };
}

/** A key with no more about the onset than the selection lets out. */
function shownKey(key: FeedKey, { symptomOnset }: Selection): FeedKey {
  if (symptomOnset || key.daysSinceOnset === undefined) return key;
  const { daysSinceOnset: _, onsetTold: _told, ...rest } = key;
  return rest;
}

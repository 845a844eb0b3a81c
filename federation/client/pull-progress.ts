import type { FederationFetchResponse } from "../../proto/gen/federation.js";
import { type RecentMap, recentMap } from "../../src/bounds/recent.ts";
import { decodeBase64, encodeBase64, encodeHex } from "../../src/bytes/base64.ts";
import type { PeerCursor, PeerCursors, PlaceInFeed } from "../../src/model/peer-sync.ts";
import { MAX_PEER_PAGE } from "../../src/model/resource/peer.ts";
import type { ReceivedBatch } from "../inbound.ts";
import { receivedKey } from "../wire.ts";

/** Where a feed begins. */
export const START: PeerCursors = {
  keys: { timestamp: 0, nextToken: "" },
  revised: { timestamp: 0, nextToken: "" },
};

/** So many pages without a key in a row are no feed. */
const MAX_EMPTY_PAGES = 1000;

/** How far a pull has come. */
export type Progress = {
  cursors: PeerCursors;
  version: number;
  anew: boolean;
  pageSize: number;
  emptyPages: number;
  /** The first and last key of each stream of the page that came last, and how often in a row it came. */
  ends: { readonly text: string; readonly times: number };
  readonly seen: RecentMap<string, true>;
  pages: number;
  keys: number;
  readonly counts: Record<string, number>;
};

/** The progress of a pull that goes on where the last one ended, or begins anew where that belongs to something else. */
export function newProgress(
  pageSize: number,
  place: PlaceInFeed | undefined,
  belongsTo: string,
): Progress {
  const goesOn = place?.filters === belongsTo;
  const cursors = goesOn ? place.cursors : START;
  const seen = recentMap<string, true>({ maxSize: MAX_SEEN });
  for (const text of [cursorText(cursors), ...streamTexts(cursors)]) seen.set(text, true);
  return {
    cursors,
    version: place?.version ?? 0,
    anew: !goesOn,
    pageSize,
    emptyPages: 0,
    ends: { text: "", times: 0 },
    seen,
    pages: 0,
    keys: 0,
    counts: {},
  };
}

/** A page as the peer sent it. */
export type Page = {
  readonly batch: ReceivedBatch;
  readonly partial: boolean;
  /** Undefined when a cursor is missing. */
  readonly next: PeerCursors | undefined;
};

/** Reads a page. */
export function readPage(answer: FederationFetchResponse): Page {
  const { keyCursor, revisedKeyCursor } = answer.nextFetchState ?? {};
  const cursor = (wire: { timestamp?: number | null; nextToken?: string | null }) => ({
    timestamp: wire.timestamp ?? 0,
    nextToken: wire.nextToken ?? "",
  });
  return {
    batch: {
      keys: answer.keys.map(receivedKey),
      revised: answer.revisedKeys.map(receivedKey),
    },
    partial: answer.partialResponse,
    next: keyCursor && revisedKeyCursor
      ? { keys: cursor(keyCursor), revised: cursor(revisedKeyCursor) }
      : undefined,
  };
}

/**
 * The page with the places that lead on. A deployed server shows at most 500 keys of a window and gives back its place
 * as it was, without a token; it takes the count of keys already read there, in base64, as its offset.
 */
export function continuedPage({ cursors }: Pick<Progress, "cursors">, page: Page): Page {
  const { batch, partial, next } = page;
  if (!partial || next === undefined) return page;
  return {
    ...page,
    next: {
      keys: continuedCursor(cursors.keys, next.keys, batch.keys.length),
      revised: continuedCursor(cursors.revised, next.revised, batch.revised.length),
    },
  };
}

/** `asked`: where the page began; `count`: keys in it. */
function continuedCursor(asked: PeerCursor, next: PeerCursor, count: number): PeerCursor {
  if (next.nextToken !== "" || next.timestamp !== asked.timestamp) return next;
  const offset = asked.nextToken === "" ? 0 : offsetIn(asked.nextToken);
  if (offset === undefined || offset + count === 0) return next;
  const digits = new TextEncoder().encode(String(offset + count));
  return { timestamp: next.timestamp, nextToken: encodeBase64(digits) };
}

/** Undefined for a token that is no offset. */
function offsetIn(token: string): number | undefined {
  const digits = new TextDecoder().decode(decodeBase64(token) ?? new Uint8Array(0));
  return /^[1-9]\d{0,9}$/.test(digits) ? Number(digits) : undefined;
}

/** What comes after a page; `broken`: the peer leads nowhere. */
export type Step =
  | { readonly kind: "more" }
  | { readonly kind: "done" }
  | { readonly kind: "broken"; readonly message: string };

const MAX_CURSOR_CHARACTERS = 4096;
/** States that are remembered, to notice a circle: a longer one costs no more than the time of one run. */
const MAX_SEEN = 1000;
/** At first a place of a window is not told from its beginning. */
const MAX_SAME_PAGES = 2;
const broken = (message: string): Step => ({ kind: "broken", message: `the peer ${message}` });

/** Where to go after a page; notices a peer that leads nowhere. */
export function nextStep(progress: Progress, { batch, partial, next }: Page): Step {
  const count = batch.keys.length + batch.revised.length;
  if (count > MAX_PEER_PAGE) return broken(`sent more than ${MAX_PEER_PAGE} keys in a page`);
  if (next === undefined) return broken("sent no state to go on from");
  const text = cursorText(next);
  const times = [next.keys.timestamp, next.revised.timestamp];
  if (text.length > MAX_CURSOR_CHARACTERS || !times.every(Number.isSafeInteger)) {
    return broken("sent a state that is too large");
  }
  if (`${next.keys.nextToken}${next.revised.nextToken}`.includes("\0")) {
    return broken("sent a state that cannot be stored: a token of it has a zero byte");
  }
  if (!partial) return { kind: "done" };
  progress.emptyPages = count === 0 ? progress.emptyPages + 1 : 0;
  if (progress.emptyPages > MAX_EMPTY_PAGES) return broken("sends pages without keys for ever");
  // A stream that gave keys must have moved itself, whatever the other one did.
  const [keysText, revisedText] = streamTexts(next);
  const moved = [
    ...(batch.keys.length > 0 ? [keysText] : []),
    ...(batch.revised.length > 0 ? [revisedText] : []),
    ...(count === 0 ? [text] : []),
  ];
  // A server that takes no notice of an offset sends the same keys again. Twice is what deployed ones do.
  const ends = count === 0 ? "" : endsOf(batch);
  const sameEnds = ends === progress.ends.text ? progress.ends.times + 1 : 1;
  const repeats = moved.some((one) => progress.seen.get(one) !== undefined) ||
    (ends !== "" && sameEnds > MAX_SAME_PAGES);
  for (const one of moved) progress.seen.set(one, true);
  progress.ends = { text: ends, times: sameEnds };
  return repeats ? broken("repeats a page for ever") : { kind: "more" };
}

function endsOf({ keys, revised }: ReceivedBatch): string {
  const ends = [keys.at(0), keys.at(-1), revised.at(0), revised.at(-1)];
  return ends.map((one) => one === undefined ? "" : encodeHex(one.key)).join(" ");
}

/** Both places as one text. */
export const cursorText = ({ keys, revised }: PeerCursors): string =>
  JSON.stringify([keys.timestamp, keys.nextToken, revised.timestamp, revised.nextToken]);

const streamTexts = ({ keys, revised }: PeerCursors): readonly [string, string] => [
  JSON.stringify(["keys", keys.timestamp, keys.nextToken]),
  JSON.stringify(["revised", revised.timestamp, revised.nextToken]),
];

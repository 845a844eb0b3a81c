import { FederationFetchResponse } from "../proto/gen/federation.js";
import type { Refusal } from "../src/errors.ts";
import type { DayDigest } from "../src/model/feed.ts";
import type { PeerCursors, PlaceInFeed } from "../src/model/peer-sync.ts";
import { MAX_PEER_PAGE, type Peer } from "../src/model/resource/peer.ts";
import type { PeerClient, PeerOutcome } from "./client.ts";
import { dayDigests } from "./digest.ts";
import { type InboundDependencies, receiveBatch, type ReceivedBatch } from "./inbound.ts";
import { receivedKey } from "./wire.ts";

/** What pulling needs. */
export type PullDependencies = InboundDependencies & {
  readonly places: {
    place(peer: string, direction: "pull"): Promise<PlaceInFeed | undefined>;
  };
};

/** How a pull ended. */
export type PullResult = {
  readonly pages: number;
  readonly keys: number;
  readonly counts: Readonly<Record<string, number>>;
  /** Nothing was left; the last windows, as the peer tells them. */
  readonly caughtUp: boolean;
  readonly cursors: PeerCursors;
  /** Whether it came further in the feed; a peer that leads nowhere does not count. */
  readonly progressed: boolean;
  /** Why it ended early, if the peer or the way to it is to blame. */
  readonly failure?: Refusal & { readonly retryAfterMs?: number };
};

/** What a peer is asked for: everything that the agreement takes. */
export type PullFilters = {
  readonly includeRegions: string[];
  readonly onlyTravelers: boolean;
};

/** So many pages without a key in a row are no feed. */
const MAX_EMPTY_PAGES = 1000;
const START: PeerCursors = {
  keys: { timestamp: 0, nextToken: "" },
  revised: { timestamp: 0, nextToken: "" },
};

/** The filters that go with an agreement. */
export function pullFilters(peer: Peer): PullFilters {
  return {
    includeRegions: [...peer.accept.regions],
    onlyTravelers: peer.accept.onlyTravelers,
  };
}

/**
 * Fetches page by page from where the last pull ended until nothing is left, the signal is aborted or the peer
 * fails. Each page is stored together with the place after it. The next page is fetched while one is stored. Other
 * filters or another server begin anew. A peer that repeats itself gets larger pages, and is reported when that does
 * not help.
 */
export async function pullFrom(
  peer: Peer,
  client: PeerClient,
  deps: PullDependencies,
  signal: AbortSignal,
): Promise<PullResult> {
  const filters = pullFilters(peer);
  const belongsTo = JSON.stringify([peer.serverId, filters]);
  const place = await deps.places.place(peer.name, "pull");
  const progress = newProgress(peer, place, belongsTo);
  const ask = (cursors: PeerCursors, pageSize: number) =>
    client.fetch({
      ...filters,
      maxExposureKeys: pageSize,
      ...(cursors === START ? {} : { state: wireState(cursors) }),
    }, signal);

  let answer: Promise<PeerOutcome<FederationFetchResponse>> = ask(
    progress.cursors,
    progress.pageSize,
  );
  for (;;) {
    const askedAt = deps.clockMs();
    const outcome = await answer;
    if (signal.aborted) return ended(progress, false);
    if (!outcome.ok) return ended(progress, false, outcome);
    const page = readPage(outcome.value);
    const step = nextStep(progress, page);
    if (step.kind === "broken") {
      const failure = { ok: false, code: "fetch_failed", message: step.message } as const;
      return { ...ended(progress, false, failure), progressed: false };
    }
    const more = step.kind === "more" && page.next !== undefined;
    // Nothing of it is lost when storing fails: the place is stored with the keys.
    if (more) answer = ask(page.next ?? START, step.pageSize);
    await storePage(deps, peer, progress, page, belongsTo, askedAt);
    if (!more) return ended(progress, true);
    progress.pageSize = step.pageSize;
  }
}

type Progress = {
  cursors: PeerCursors;
  version: number;
  anew: boolean;
  pageSize: number;
  emptyPages: number;
  readonly seen: Set<string>;
  pages: number;
  keys: number;
  readonly counts: Record<string, number>;
};

function newProgress(peer: Peer, place: PlaceInFeed | undefined, belongsTo: string): Progress {
  const goesOn = place?.filters === belongsTo;
  const cursors = goesOn ? place.cursors : START;
  return {
    cursors,
    version: place?.version ?? 0,
    anew: !goesOn,
    pageSize: peer.pull.pageSize,
    emptyPages: 0,
    seen: new Set([cursorText(cursors), ...streamTexts(cursors)]),
    pages: 0,
    keys: 0,
    counts: {},
  };
}

type Page = {
  readonly batch: ReceivedBatch;
  readonly partial: boolean;
  /** Undefined when a cursor is missing. */
  readonly next: PeerCursors | undefined;
};

function readPage(answer: FederationFetchResponse): Page {
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

type Step =
  | { readonly kind: "more"; readonly pageSize: number }
  | { readonly kind: "done" }
  | { readonly kind: "broken"; readonly message: string };

const MAX_CURSOR_CHARACTERS = 4096;
const broken = (message: string): Step => ({ kind: "broken", message: `the peer ${message}` });

/** Where to go after a page; notices a peer that leads nowhere. */
function nextStep(progress: Progress, { batch, partial, next }: Page): Step {
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
  const repeats = moved.some((one) => progress.seen.has(one));
  for (const one of moved) progress.seen.add(one);
  if (!repeats) return { kind: "more", pageSize: progress.pageSize };
  // What deployed servers do with more than one page in a window: their nextToken comes back empty.
  if (progress.pageSize < MAX_PEER_PAGE) {
    return { kind: "more", pageSize: Math.min(MAX_PEER_PAGE, progress.pageSize * 4) };
  }
  return broken("repeats a page for ever: it has more keys in one window than it sends at once");
}

async function storePage(
  deps: PullDependencies,
  peer: Peer,
  progress: Progress,
  { batch, next }: Page,
  belongsTo: string,
  askedAt: number,
): Promise<void> {
  const cursors = next ?? progress.cursors;
  const count = batch.keys.length + batch.revised.length;
  if (count === 0 && !progress.anew && cursorText(cursors) === cursorText(progress.cursors)) return;
  const digests: readonly DayDigest[] = dayDigests(batch.keys, batch.revised);
  const { counts } = await receiveBatch(deps, peer, batch, async (transaction, verdicts) => {
    await transaction.moveCursor(peer.name, "pull", belongsTo, cursors, progress.version);
    await transaction.addDigests(peer.name, digests, progress.anew);
    if (count === 0) return;
    await transaction.addPage({
      peer: peer.name,
      kind: "pull",
      keys: batch.keys.length,
      revised: batch.revised.length,
      verdicts: verdicts.counts,
      tookMs: deps.clockMs() - askedAt,
    });
  });
  progress.cursors = cursors;
  progress.version += 1;
  progress.anew = false;
  progress.pages += 1;
  progress.keys += count;
  for (const [name, number] of Object.entries(counts)) {
    progress.counts[name] = (progress.counts[name] ?? 0) + number;
  }
}

function ended(
  { pages, keys, counts, cursors }: Progress,
  caughtUp: boolean,
  failure?: PullResult["failure"],
): PullResult {
  // A peer that no longer takes its own state makes us begin again.
  const progressed = pages > 0 && failure?.code !== "invalid_argument";
  const result = { pages, keys, counts, cursors, caughtUp, progressed };
  return failure === undefined ? result : { ...result, failure };
}

const cursorText = ({ keys, revised }: PeerCursors): string =>
  JSON.stringify([keys.timestamp, keys.nextToken, revised.timestamp, revised.nextToken]);

const streamTexts = ({ keys, revised }: PeerCursors): readonly [string, string] => [
  JSON.stringify(["keys", keys.timestamp, keys.nextToken]),
  JSON.stringify(["revised", revised.timestamp, revised.nextToken]),
];

const wireState = ({ keys, revised }: PeerCursors) => ({
  keyCursor: keys,
  revisedKeyCursor: revised,
});

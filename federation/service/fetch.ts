import { recentMap } from "../../src/bounds/recent.ts";
import { accept, type Outcome, refuse } from "../../src/errors.ts";
import { MAX_PEER_PAGE, type Peer } from "../../src/model/resource/peer.ts";
import type { PageRecord } from "../../src/model/peer-sync.ts";
import type { CursorCodec, WireCursor } from "./cursor.ts";
import {
  FEED_START,
  type FeedDependencies,
  type FeedPositions,
  type FeedStore,
  type OutboundPage,
  outboundPage,
} from "../outbound.ts";
import { whyNoRegion } from "../policy/no-region.ts";
import { selectionOf, wishText } from "../policy/selection.ts";
import type { RpcCall } from "../rpc/method.ts";
import { wireKeys } from "../wire.ts";
import type { FetchAnswer, FetchRequest } from "../messages.ts";
import { type AdmissionDependencies, type Allowance, fetchAllowance } from "./admission.ts";
import { semaphore } from "./semaphore.ts";

/** What Fetch needs. */
export type FetchDependencies = FeedDependencies & AdmissionDependencies & {
  readonly cursors: CursorCodec;
  /** Keeps the history; must not throw, and is not waited for. */
  readonly record: (page: PageRecord) => void;
};

/** Keys a page when the caller names no number: what deployed servers give. */
const DEFAULT_PAGE = 500;
/** Statements at the same time, whoever asks: publishing shares the connections. */
const READS_AT_A_TIME = 4;
/** So many rows may be looked at for the price of a key that is sent. */
const ROWS_A_KEY = 10;

/** A peer that asks for nothing it may have is noted once in an hour. */
const NO_REGION_NOTE_MS = 3_600_000;
const MAX_NOTED = 1000;

/** Answers Fetch: a page of the feed for the caller's agreement. */
export function fetchHandler(
  deps: FetchDependencies,
): (request: FetchRequest, call: RpcCall, peer: Peer) => Promise<Outcome<FetchAnswer>> {
  const reading = semaphore(READS_AT_A_TIME);
  const noteNoRegion = noRegionNotes(deps);
  return async (request, { signal }, peer) => {
    const startedAt = deps.clockMs();
    const selection = selectionOf(request, peer);
    if (!selection.ok) return selection;
    if (selection.value.regions.length === 0) noteNoRegion(peer, request);
    const belongsTo = `${peer.serverId}\n${wishText(request)}`;
    const after = await positionsOf(deps.cursors, request, belongsTo);
    if (!after.ok) return after;
    const allowance = fetchAllowance(deps, peer);
    const wanted = Math.min(request.maxExposureKeys || DEFAULT_PAGE, MAX_PEER_PAGE);
    const limit = Math.min(wanted, allowance.mostCost);
    const read: FeedStore["read"] = (stream, query) =>
      reading(signal, () => deps.feed.read(stream, query));
    const page = await paid(
      allowance,
      limit,
      () => outboundPage({ ...deps, feed: { read } }, selection.value, after.value, limit),
    );
    const count = page.keys.length + page.revised.length;
    if (count > 0) record(deps, peer, page.keys.length, page.revised.length, startedAt);
    const [keyCursor, revisedKeyCursor] = await Promise.all([
      deps.cursors.seal("new", page.next.new, belongsTo),
      deps.cursors.seal("revised", page.next.revised, belongsTo),
    ]);
    return accept({
      ...wireKeys(page, selection.value),
      partialResponse: page.partial,
      nextFetchState: { keyCursor, revisedKeyCursor },
    });
  };
}

/** Tells the history why a peer gets nothing, for its status: once in so long, however often it asks. */
function noRegionNotes(
  { record, clockMs }: FetchDependencies,
): (peer: Peer, request: FetchRequest) => void {
  const expiry = { ttlMs: NO_REGION_NOTE_MS, nowMs: clockMs };
  const noted = recentMap<string, true>({ maxSize: MAX_NOTED, expiry });
  return (peer, { includeRegions }) => {
    const why = whyNoRegion(includeRegions, peer);
    const name = `${why} ${peer.name}`;
    if (noted.get(name) !== undefined) return;
    noted.set(name, true);
    const verdicts = { [why]: 1 };
    record({ peer: peer.name, kind: "fetched", keys: 0, revised: 0, verdicts, tookMs: 0 });
  };
}

/** Takes the price of a full page before, and gives back afterwards what was too much. */
async function paid(
  { use, leastCost, mostCost }: Allowance,
  limit: number,
  work: () => Promise<OutboundPage>,
): Promise<OutboundPage> {
  use(limit);
  let cost = leastCost;
  try {
    const page = await work();
    const sent = page.keys.length + page.revised.length;
    cost = Math.min(mostCost, Math.max(cost, sent, page.scanned / ROWS_A_KEY));
    return page;
  } finally {
    use(cost - limit);
  }
}

/** Deployed clients send both cursors or no state. */
async function positionsOf(
  cursors: CursorCodec,
  { state }: FetchRequest,
  belongsTo: string,
): Promise<Outcome<FeedPositions>> {
  if (state === undefined || state === null) return accept(FEED_START);
  const { keyCursor, revisedKeyCursor } = state;
  if (!keyCursor || !revisedKeyCursor) {
    return refuse("invalid_argument", "a state must have both keyCursor and revisedKeyCursor");
  }
  const fresh = await cursors.open("new", wireCursor(keyCursor), belongsTo);
  if (!fresh.ok) return fresh;
  const revised = await cursors.open("revised", wireCursor(revisedKeyCursor), belongsTo);
  if (!revised.ok) return revised;
  return accept({ new: fresh.value, revised: revised.value });
}

const wireCursor = (
  { timestamp, nextToken }: {
    readonly timestamp?: number | null;
    readonly nextToken?: string | null;
  },
): WireCursor => ({ timestamp: timestamp ?? 0, nextToken: nextToken ?? "" });

function record(
  { record, clockMs }: FetchDependencies,
  peer: Peer,
  keys: number,
  revised: number,
  startedAt: number,
): void {
  record({
    peer: peer.name,
    kind: "fetched",
    keys,
    revised,
    verdicts: {},
    tookMs: clockMs() - startedAt,
  });
}

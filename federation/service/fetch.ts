import { accept, type Outcome, refuse } from "../../src/errors.ts";
import { MAX_PEER_PAGE, type Peer } from "../../src/model/resource/peer.ts";
import type { PageRecord } from "../../src/model/peer-sync.ts";
import type { Authenticate } from "../auth/caller.ts";
import type { CursorCodec, WireCursor } from "../cursor.ts";
import {
  FEED_START,
  type FeedDependencies,
  type FeedPositions,
  outboundPage,
} from "../outbound.ts";
import { selectionOf, wishText } from "../policy/selection.ts";
import type { RateLimit } from "../rate.ts";
import type { RpcCall } from "../rpc/method.ts";
import { wireKey } from "../wire.ts";
import type { FetchAnswer, FetchRequest } from "./method-table.ts";
import { callerOf, refuseWhileOwing } from "./call.ts";

/** What Fetch needs. */
export type FetchDependencies = FeedDependencies & {
  readonly authenticate: Authenticate;
  readonly cursors: CursorCodec;
  readonly rate: RateLimit;
  /** Keeps the history; must not throw, and is not waited for. */
  readonly record: (page: PageRecord) => void;
};

/** Keys a page when the caller names no number: what deployed servers give. */
export const DEFAULT_PAGE = 500;

/** Answers Fetch: a page of the feed for the caller's agreement. */
export function fetchHandler(
  deps: FetchDependencies,
): (request: FetchRequest, call: RpcCall) => Promise<Outcome<FetchAnswer>> {
  return async (request, call) => {
    const startedAt = deps.clockMs();
    const caller = await callerOf(deps.authenticate, call, false);
    if (!caller.ok) return caller;
    const peer = caller.value;
    const selection = selectionOf(request, peer);
    if (!selection.ok) return selection;
    const belongsTo = `${peer.serverId}\n${wishText(request)}`;
    const after = await positionsOf(deps.cursors, request, belongsTo);
    if (!after.ok) return after;
    const owing = refuseWhileOwing(deps.rate, peer, peer.send.maxKeysPerSecond, call);
    if (owing !== undefined) return owing;
    const limit = Math.min(request.maxExposureKeys || DEFAULT_PAGE, MAX_PEER_PAGE);
    const page = await outboundPage(deps, selection.value, after.value, limit);
    const count = page.keys.length + page.revised.length;
    deps.rate.use(peer.name, peer.send.maxKeysPerSecond, count);
    if (count > 0) record(deps, peer, page.keys.length, page.revised.length, startedAt);
    const [keyCursor, revisedKeyCursor] = await Promise.all([
      deps.cursors.seal("new", page.next.new, belongsTo),
      deps.cursors.seal("revised", page.next.revised, belongsTo),
    ]);
    return accept({
      keys: page.keys.map((key) => wireKey(key, selection.value)),
      revisedKeys: page.revised.map((key) => wireKey(key, selection.value)),
      partialResponse: page.partial,
      nextFetchState: { keyCursor, revisedKeyCursor },
    });
  };
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

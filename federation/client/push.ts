import { wayfarer } from "../../proto/gen/federation.js";
import type { Refusal } from "../../src/errors.ts";
import { decodeHex, encodeHex } from "../../src/bytes/base64.ts";
import { sha256 } from "../../src/keys/crypto.ts";
import type { FeedPosition, Selection } from "../../src/model/feed.ts";
import { asWindow } from "../../src/model/ids.ts";
import type { PeerCursor, PeerCursors, PlaceInFeed } from "../../src/model/peer-sync.ts";
import type { Peer } from "../../src/model/resource/peer.ts";
import type { PeerClient } from "./peer-client.ts";
import type { InboundStore } from "../inbound.ts";
import {
  FEED_START,
  type FeedDependencies,
  type FeedPositions,
  type OutboundPage,
  outboundPage,
} from "../outbound.ts";
import { REFUSALS } from "../policy/acceptance.ts";
import { filtersOf, wholeAgreement } from "../policy/selection.ts";
import { isTooLarge } from "./pull.ts";
import type { RateLimit } from "../rate.ts";
import { wireKeys } from "../wire.ts";

/** What pushing needs. */
export type PushToDependencies = FeedDependencies & {
  /** Where the place in the feed moves. */
  readonly inbound: InboundStore;
  readonly places: {
    place(peer: string, direction: "push"): Promise<PlaceInFeed | undefined>;
  };
  readonly crypto: Crypto;
  /** What is left of `send.maxKeysPerSecond`. */
  readonly pace: RateLimit;
};

/** How a push ended. */
export type PushResult = {
  readonly batches: number;
  readonly keys: number;
  readonly counts: Readonly<Record<string, number>>;
  readonly caughtUp: boolean;
  /** The window that is handed over next, of the stream that is further behind. */
  readonly window: number;
  readonly at: FeedPositions;
  /** Whether it came further in the feed. */
  readonly progressed: boolean;
  readonly failure?: Refusal & { readonly retryAfterMs?: number };
};

const { PushRequest, Verdict } = wayfarer.federation.v1;
type PushResponse = wayfarer.federation.v1.PushResponse;

/**
 * Hands over the feed batch by batch from where the last push ended, until nothing is left, the signal is aborted or
 * the peer fails. The place moves when the peer has answered; a batch whose answer was lost is sent again, with the
 * same ID, and the peer knows its keys. A batch that is too large for the peer is halved. Once one has gone through, a
 * batch of new keys goes out while the peer stores the one before: two are on the way at most.
 */
export async function pushTo(
  peer: Peer,
  client: PeerClient,
  deps: PushToDependencies,
  signal: AbortSignal,
): Promise<PushResult> {
  const selection = wholeAgreement(peer);
  const belongsTo = JSON.stringify([peer.serverId, filtersOf(selection)]);
  const place = await deps.places.place(peer.name, "push");
  let version = place?.version ?? 0;
  let at = place?.filters === belongsTo ? positionsOf(place.cursors) : FEED_START;
  let { pageSize } = peer.push;
  const total = { batches: 0, keys: 0, counts: {} as Record<string, number> };
  const ended = (caughtUp: boolean, failure?: PushResult["failure"]): PushResult => ({
    ...total,
    caughtUp,
    at,
    window: Math.min(at.new.window, at.revised.window),
    progressed: total.batches > 0,
    ...(failure === undefined ? {} : { failure }),
  });

  let upcoming: Promise<Batch> | undefined;
  let goesOn = true;
  const waitMs = () => deps.pace.waitMs(peer.name, peer.send.maxKeysPerSecond);
  const send = ({ request }: Batch) => client.push(request, signal);
  /** Not one with revisions: they must not come before their keys. */
  const sentEarly = (batch: Batch): Batch => {
    const { keys, revised } = batch.page;
    const may = total.batches > 0 && keys.length > 0 && revised.length === 0 && waitMs() === 0;
    if (!may || !goesOn || signal.aborted) return batch;
    const answering = send(batch);
    answering.catch(() => {}); // It is thrown where it is waited for.
    return { ...batch, answering };
  };
  /** Whatever comes of the batch that was sent early: nothing stays on the way. */
  const settled = async (): Promise<void> => {
    goesOn = false;
    await upcoming?.then(({ answering }) => answering).catch(() => {});
    upcoming = undefined;
    goesOn = true;
  };
  try {
    while (!signal.aborted) {
      const startedAt = deps.clockMs();
      const batch = await (upcoming ?? nextBatch(deps, selection, at, pageSize));
      upcoming = undefined;
      const { page } = batch;
      const count = page.keys.length + page.revised.length;
      let counts: Record<string, number> = {};
      if (count > 0) {
        const retryAfterMs = batch.answering === undefined ? waitMs() : 0;
        if (retryAfterMs > 0) return ended(false, { ...OWN_PACE, retryAfterMs });
        const answering = batch.answering ?? send(batch);
        // The next batch is read while the peer stores this one.
        if (page.partial) {
          upcoming = nextBatch(deps, selection, page.next, pageSize).then(sentEarly);
          upcoming.catch(() => {}); // It is thrown where it is waited for.
        }
        const answer = await answering;
        const told = answer.ok ? verdictCounts(answer.value, page) : undefined;
        if (signal.aborted) return ended(false);
        if (!answer.ok) {
          if (!isTooLarge(answer) || pageSize === 1) return ended(false, answer);
          pageSize = Math.ceil(Math.min(count, pageSize) / 2);
          await settled();
          continue;
        }
        if (told === undefined) return ended(false, WRONG_NUMBER);
        deps.pace.use(peer.name, peer.send.maxKeysPerSecond, count);
        counts = told;
      }
      if (count > 0 || !samePositions(at, page.next)) {
        const tookMs = deps.clockMs() - startedAt;
        const record = { peer: peer.name, kind: "push", verdicts: counts, tookMs } as const;
        await deps.inbound.transaction(async (transaction) => {
          const next = cursorsOf(page.next);
          await transaction.moveCursor(peer.name, "push", belongsTo, next, version);
          const [keys, revised] = [page.keys.length, page.revised.length];
          if (count > 0) await transaction.addPage({ ...record, keys, revised });
        });
        version += 1;
        at = page.next;
        total.batches += count > 0 ? 1 : 0;
        total.keys += count;
        for (const [name, number] of Object.entries(counts)) {
          total.counts[name] = (total.counts[name] ?? 0) + number;
        }
      }
      if (!page.partial) return ended(true);
    }
    return ended(false);
  } finally {
    await settled();
  }
}

/** A page of the feed, and how it goes over the wire. */
type Batch = {
  readonly page: OutboundPage;
  readonly request: wayfarer.federation.v1.PushRequest.$Properties;
  /** It is on its way. */
  readonly answering?: ReturnType<PeerClient["push"]>;
};

async function nextBatch(
  deps: PushToDependencies,
  selection: Selection,
  at: FeedPositions,
  pageSize: number,
): Promise<Batch> {
  const page = await outboundPage(deps, selection, at, pageSize);
  const content = wireKeys(page, selection);
  const batchId = encodeHex(await sha256(deps.crypto, PushRequest.encode(content).finish()));
  return { page, request: { batchId, ...content } };
}

const OWN_PACE: Refusal = {
  ok: false,
  code: "resource_exhausted",
  message: "send.maxKeysPerSecond of the agreement is used up",
};
const WRONG_NUMBER: Refusal = {
  ok: false,
  code: "fetch_failed",
  message: "the peer answered with another number of verdicts than there were keys",
};

const NAMES: ReadonlyMap<number, string> = new Map([
  [Verdict.Kind.STORED, "stored"],
  [Verdict.Kind.REVISED, "revised"],
  [Verdict.Kind.DUPLICATE, "duplicate"],
]);

/** How often each verdict was given; undefined when it is not one a key. Reasons begin with their name. */
function verdictCounts(
  answer: PushResponse,
  page: OutboundPage,
): Record<string, number> | undefined {
  const { verdicts, revisedVerdicts } = answer;
  if (verdicts.length !== page.keys.length || revisedVerdicts.length !== page.revised.length) {
    return undefined;
  }
  const counts: Record<string, number> = {};
  for (const { verdict, reason } of [...verdicts, ...revisedVerdicts]) {
    const name = NAMES.get(verdict ?? 0) ?? reasonName(reason ?? "");
    counts[name] = (counts[name] ?? 0) + 1;
  }
  return counts;
}

/** Only names that are ours too, so that a peer cannot write what it likes into our history. */
function reasonName(reason: string): string {
  const name = /^([a-z_]{1,40})(?::|$)/.exec(reason)?.[1] ?? "";
  return Object.hasOwn(REFUSALS, name) ? name : "refused";
}

/** Places in the feed as they are kept. */
export function positionsOf({ keys, revised }: PeerCursors): FeedPositions {
  return { new: positionOf(keys), revised: positionOf(revised) };
}

function positionOf({ timestamp, nextToken }: PeerCursor): FeedPosition {
  const key = decodeHex(nextToken);
  const window = asWindow(timestamp);
  return key === undefined || key.length === 0 ? { window } : { window, key };
}

/** Places in the feed as {@link positionsOf} reads them. */
export function cursorsOf(positions: FeedPositions): PeerCursors {
  const cursor = ({ window, key }: FeedPosition): PeerCursor => ({
    timestamp: window,
    nextToken: key === undefined ? "" : encodeHex(key),
  });
  return { keys: cursor(positions.new), revised: cursor(positions.revised) };
}

function samePositions(left: FeedPositions, right: FeedPositions): boolean {
  return JSON.stringify(cursorsOf(left)) === JSON.stringify(cursorsOf(right));
}

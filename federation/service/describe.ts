import { accept, type Outcome } from "../../src/errors.ts";
import type { DayDigest } from "../../src/model/feed.ts";
import type { ServerId, Window } from "../../src/model/ids.ts";
import { DAY_SECONDS, dayAt } from "../../src/model/interval.ts";
import { MAX_PEER_PAGE, type Peer } from "../../src/model/resource/peer.ts";
import type { SentDigests } from "./sent-digests.ts";
import { selectionOf, wholeAgreement } from "../policy/selection.ts";
import type { RpcCall } from "../rpc/method.ts";
import type { DescribeAnswer, DescribeRequest } from "../messages.ts";
import { placesOf } from "./places.ts";
import { semaphore } from "./semaphore.ts";

/** What Describe needs. */
export type DescribeDependencies = {
  readonly serverId: ServerId;
  readonly sent: SentDigests;
  readonly closedThrough: () => Promise<Window>;
  /** Our public keys as JSON text (RFC 7517). */
  readonly publicKeys: () => Promise<string>;
  /** `grpc`, `grpc-web`, `connect`: what callers can reach here. */
  readonly protocols: readonly string[];
  /** Largest body of a call. */
  readonly maxBodyBytes: number;
  /** Milliseconds since the epoch. */
  readonly clockMs: () => number;
  /** MAX_INTERVAL_AGE_ON_PUBLISH: older keys do not go out. */
  readonly maxAgeSeconds: number;
  /** CLEANUP_TTL: older keys are not here any more. */
  readonly keptSeconds: number;
};

/** Days are digested at most so far back: older keys go away. */
const MAX_DIGEST_DAYS = 20;
/** Digests computed at the same time, whoever asks for them: background work shares its few connections. */
const DIGESTS_AT_A_TIME = 2;

/** Answers Describe: who we are; and to a peer what it may have, and what it was sent, day by day. */
export function describeHandler(
  deps: DescribeDependencies,
): (
  request: DescribeRequest,
  call: RpcCall,
  peer: Peer | undefined,
) => Promise<Outcome<DescribeAnswer>> {
  const digesting = placesOf(1);
  const computing = semaphore(DIGESTS_AT_A_TIME);
  return async (request, call, peer) => {
    if (peer === undefined) return accept(await publicPart(deps));
    const selection = selectionOf(request, peer);
    if (!selection.ok) return selection;
    const closedThrough = await deps.closedThrough();
    const digestsFromDay = firstWholeDay(deps);
    const from = Math.max(request.fromDay ?? 0, digestsFromDay);
    const until = Math.min(request.untilDay ?? Infinity, dayAt(deps.clockMs() / 1000) + 1);
    let days: readonly DayDigest[] = [];
    if (from < until) {
      const { sent } = deps;
      // Digests read every key that was sent, so a peer gets them one call after the other.
      const leave = await digesting.enter(peer.name, call.signal);
      try {
        days = await computing(
          call.signal,
          () => sent.digests(selection.value, closedThrough, from, until, call.signal),
        );
      } finally {
        leave?.();
      }
    }
    return accept({
      ...await publicPart(deps),
      regions: [...wholeAgreement(peer).regions],
      days: [...days],
      closedThrough,
      digestsFromDay,
    });
  };
}

/**
 * The first day of which every key that ever went out would go out today, and is still here. (A key is published
 * after its day has begun, and its window may begin a day before that.)
 */
function firstWholeDay({ clockMs, maxAgeSeconds, keptSeconds }: DescribeDependencies): number {
  const now = clockMs() / 1000;
  return Math.max(
    dayAt(now) - MAX_DIGEST_DAYS,
    Math.ceil((now - maxAgeSeconds) / DAY_SECONDS),
    Math.ceil((now - keptSeconds) / DAY_SECONDS) + 1,
  );
}

async function publicPart(deps: DescribeDependencies): Promise<DescribeAnswer> {
  return {
    serverId: deps.serverId,
    limits: {
      maxKeysPerPage: MAX_PEER_PAGE,
      maxBatchKeys: MAX_PEER_PAGE,
      maxBodyBytes: deps.maxBodyBytes,
    },
    publicKeys: await deps.publicKeys(),
    protocols: [...deps.protocols],
  };
}

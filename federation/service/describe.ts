import { accept, type Outcome, refuse } from "../../src/errors.ts";
import type { DayDigest, Selection } from "../../src/model/feed.ts";
import type { ServerId, Window } from "../../src/model/ids.ts";
import { dayAt } from "../../src/model/interval.ts";
import { MAX_PEER_PAGE } from "../../src/model/resource/peer.ts";
import type { Authenticate } from "../auth/caller.ts";
import type { SentDigests } from "../sent-digests.ts";
import { selectionOf, wholeAgreement } from "../policy/selection.ts";
import type { RpcCall } from "../rpc/method.ts";
import { callerOf } from "./call.ts";
import type { DescribeAnswer, DescribeRequest } from "./method-table.ts";

/** What Describe needs. */
export type DescribeDependencies = {
  readonly authenticate: Authenticate;
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
};

/** Days are digested at most so far back: older keys go away. */
export const MAX_DIGEST_DAYS = 20;

/** Answers Describe: who we are; and to a peer what it may have, and what it was sent, day by day. */
export function describeHandler(
  deps: DescribeDependencies,
): (request: DescribeRequest, call: RpcCall) => Promise<Outcome<DescribeAnswer>> {
  const digesting = new Set<string>();
  return async (request, call) => {
    // A stranger gets to know what there is to make an agreement with.
    if (!call.headers.has("authorization")) return accept(await publicPart(deps));
    const caller = await callerOf(deps.authenticate, call, false);
    if (!caller.ok) return caller;
    const peer = caller.value;
    const selection: Outcome<Selection> = request.includeRegions.length === 0
      ? accept(wholeAgreement(peer))
      : selectionOf(request, peer);
    if (!selection.ok) return selection;
    const closedThrough = await deps.closedThrough();
    const today = dayAt(deps.clockMs() / 1000);
    const from = Math.max(request.fromDay ?? 0, today - MAX_DIGEST_DAYS);
    const until = Math.min(request.untilDay ?? Infinity, today + 1);
    // Digests read every key that was sent, so a peer gets them one call after the other.
    const wanted = from < until;
    if (wanted && digesting.has(peer.name)) {
      call.answerHeaders.set("retry-after", "1");
      return refuse(
        "resource_exhausted",
        "another Describe of yours is not answered yet: wait for it",
      );
    }
    let days: readonly DayDigest[] = [];
    if (wanted) {
      digesting.add(peer.name);
      try {
        days = await deps.sent.digests(selection.value, closedThrough, from, until);
      } finally {
        digesting.delete(peer.name);
      }
    }
    return accept({
      ...await publicPart(deps),
      regions: [...wholeAgreement(peer).regions],
      days: [...days],
      closedThrough,
    });
  };
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

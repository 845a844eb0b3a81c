import { type Refusal, refuse } from "../../../src/errors.ts";
import { isValidAt } from "../../../src/keys/certificate.ts";
import type { OutgoingBatches } from "../../../src/model/efgs-batch.ts";
import type { Selection } from "../../../src/model/feed.ts";
import type { PlaceInFeed } from "../../../src/model/peer-sync.ts";
import { positionsOf } from "../../client/push.ts";
import type { InboundStore } from "../../inbound.ts";
import { FEED_START, type FeedDependencies, type FeedPositions } from "../../outbound.ts";
import { filtersOf, wholeAgreement } from "../../policy/selection.ts";
import type { RateLimit } from "../../rate.ts";
import type { GatewayConnection } from "./gateway-connection.ts";
import type { GatewayPeer } from "./incoming-key.ts";

/** What uploading needs. */
export type UploadDependencies = FeedDependencies & {
  /** Where the place in our feed moves. */
  readonly inbound: InboundStore;
  readonly places: { place(peer: string, direction: "push"): Promise<PlaceInFeed | undefined> };
  readonly outgoing: OutgoingBatches;
  /** TRUNCATE_WINDOW. */
  readonly windowSeconds: number;
  /** What is left of `send.maxKeysPerSecond`. */
  readonly pace: RateLimit;
};

/** One run with one gateway. */
export type UploadRun = {
  readonly peer: GatewayPeer;
  readonly gateway: GatewayConnection;
  readonly deps: UploadDependencies;
  readonly signal: AbortSignal;
  readonly selection: Selection;
  /** What the place in our feed belongs to: another text begins anew. */
  readonly filters: string;
  /** Of the place in our feed. */
  version: number;
  at: FeedPositions;
  readonly total: { batches: number; keys: number; counts: Record<string, number> };
};

/** Begins where the last run ended; under another agreement, anew. */
export async function beginRun(
  peer: GatewayPeer,
  gateway: GatewayConnection,
  deps: UploadDependencies,
  signal: AbortSignal,
): Promise<UploadRun> {
  const selection = { ...wholeAgreement(peer), onlyLocal: true };
  const { country, countries, participants, selfReport, revisions } = peer.efgs;
  const filters = JSON.stringify([
    peer.serverId,
    filtersOf(selection),
    [country, countries, participants, selfReport, revisions],
  ]);
  const place = await deps.places.place(peer.name, "push");
  const isSame = place?.filters === filters;
  const pending = await deps.outgoing.first(peer.name);
  if (
    (place !== undefined && !isSame && pending?.filters !== filters) ||
    (pending !== undefined && pending.filters !== filters)
  ) {
    // Under another agreement the same keys may have gone already, and those that wait may not go any more.
    await deps.outgoing.discard(peer.name, await deps.closedThrough());
  }
  return {
    peer,
    gateway,
    deps,
    signal,
    selection,
    filters,
    version: place?.version ?? 0,
    at: place !== undefined && isSame ? positionsOf(place.cursors) : FEED_START,
    total: { batches: 0, keys: 0, counts: {} },
  };
}

/** Why our certificate cannot sign now: one that has run out would only be refused. */
export function signerFault({ gateway, deps }: UploadRun): Refusal | undefined {
  const { certificate } = gateway.signer;
  if (isValidAt(certificate, deps.clockMs() / 1000)) return undefined;
  const until = new Date(certificate.validUntil * 1000).toISOString();
  return refuse(
    "invalid_configuration",
    `efgs.signingCertificate is not valid now (until ${until}): have a new one registered, and put it there`,
  );
}

/** Adds to what the run tells. */
export function addCounts({ total }: UploadRun, counts: Readonly<Record<string, number>>): void {
  for (const [name, count] of Object.entries(counts)) {
    total.counts[name] = (total.counts[name] ?? 0) + count;
  }
}

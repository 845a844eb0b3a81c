import type { PlaceInFeed } from "../../../src/model/peer-sync.ts";
import type { InboundDependencies } from "../../inbound.ts";
import type { DownloadPlace } from "./download-place.ts";
import type { GatewayConnection } from "./gateway-connection.ts";
import type { GatewayPeer } from "./incoming-key.ts";

/** What downloading needs. */
export type DownloadDependencies = InboundDependencies & {
  readonly places: { place(peer: string, direction: "pull"): Promise<PlaceInFeed | undefined> };
  /** Told that batches may have been missed: the gateway does not have them any more. */
  readonly onGap: (peer: string) => void;
  /** Told of a signature that does not count. */
  readonly onBadSignature: (peer: string, tag: string, origin: string, fault: string) => void;
};

/** One run with one gateway. */
export type DownloadRun = {
  readonly peer: GatewayPeer;
  readonly gateway: GatewayConnection;
  readonly deps: DownloadDependencies;
  readonly signal: AbortSignal;
  /** What the place belongs to: another text begins anew. */
  readonly filters: string;
  version: number;
  place: DownloadPlace | undefined;
  /** Tags of this run: one that comes again would lead in a circle. */
  readonly seen: Set<string>;
  readonly total: { batches: number; keys: number; counts: Record<string, number> };
};

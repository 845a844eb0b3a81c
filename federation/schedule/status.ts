import type { Direction, PageKind, PageRecord, SyncStatus } from "../../src/model/peer-sync.ts";
import type { Peer } from "../../src/model/resource/peer.ts";
import type { FederationJobDependencies } from "./peer-run.ts";

/** What operators see of a peer. Times are UTC seconds. */
export type PeerStatus = {
  readonly name: string;
  readonly serverId: string;
  readonly protocol: string;
  /** Absent while it is switched off or was never tried. */
  readonly pull?: SyncStatus;
  readonly push?: SyncStatus;
  /** Newest first. */
  readonly lastPages: readonly (PageRecord & { readonly at: number })[];
  readonly days: readonly {
    /** Days since 1970-01-01. */
    readonly day: number;
    readonly kind: PageKind;
    readonly keys: number;
    readonly revised: number;
    readonly verdicts: Readonly<Record<string, number>>;
  }[];
};

/** What {@link peerStatuses} needs. */
export type StatusDependencies = Pick<FederationJobDependencies, "peers" | "statuses"> & {
  readonly pages: {
    last(
      peer: string,
      limit: number,
    ): Promise<readonly (PageRecord & { readonly at: number })[]>;
    perDay(
      days: number,
    ): Promise<readonly (PeerStatus["days"][number] & { readonly peer: string })[]>;
  };
};

const LAST_PAGES = 10;
const DAYS = 14;

/** How federation with each peer stands. */
export async function peerStatuses(deps: StatusDependencies): Promise<readonly PeerStatus[]> {
  const [peers, { statuses }, perDay] = await Promise.all([
    deps.peers(),
    deps.statuses(),
    deps.pages.perDay(DAYS),
  ]);
  const standing = (peer: Peer, direction: Direction): Partial<Record<Direction, SyncStatus>> => {
    const found = statuses.find((one) => one.peer === peer.name && one.direction === direction);
    if (found === undefined || !peer[direction].enabled) return {};
    const { peer: _peer, direction: _direction, inSyncSince, ...status } = found;
    // What was the same once tells nothing while the peer is not heard of.
    const inSync = status.state === "ok" && inSyncSince !== undefined ? { inSyncSince } : {};
    return { [direction]: { ...status, ...inSync } };
  };
  return await Promise.all(peers.map(async (peer) => ({
    name: peer.name,
    serverId: peer.serverId,
    protocol: peer.protocol,
    ...standing(peer, "pull"),
    ...standing(peer, "push"),
    lastPages: await deps.pages.last(peer.name, LAST_PAGES),
    days: perDay.filter((one) => one.peer === peer.name).map(({ peer: _, ...day }) => day),
  })));
}

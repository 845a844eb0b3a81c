import type { Direction, PageKind, PageRecord, SyncStatus } from "../../src/model/peer-sync.ts";
import type { Peer } from "../../src/model/resource/peer.ts";
import { isNoRegion, NO_REGION } from "../policy/no-region.ts";
import { wholeAgreement } from "../policy/selection.ts";
import type { FederationJobDependencies } from "./peer-run.ts";

/** What operators see of a peer. Times are UTC seconds. */
export type PeerStatus = {
  readonly name: string;
  readonly serverId: string;
  readonly protocol: string;
  /** Absent while it is switched off or was never tried. */
  readonly pull?: SyncStatus;
  readonly push?: SyncStatus;
  /** Why no key can go over, for want of a region: by our pulls, by our pushes, and when the peer fetches. */
  readonly nothing: Readonly<Partial<Record<"pull" | "push" | "fetched", string>>>;
  /** Newest first; those that held keys. */
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
/** So many are looked through for them. */
const READ_PAGES = 50;
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
  return await Promise.all(peers.map(async (peer) => {
    const pages = await deps.pages.last(peer.name, READ_PAGES);
    return {
      name: peer.name,
      serverId: peer.serverId,
      protocol: peer.protocol,
      ...standing(peer, "pull"),
      ...standing(peer, "push"),
      nothing: nothingOf(peer, pages),
      lastPages: pages.filter((page) => page.keys + page.revised > 0).slice(0, LAST_PAGES),
      days: perDay.filter((one) => one.peer === peer.name).flatMap(({ peer: _, ...day }) => {
        const verdicts = Object.entries(day.verdicts).filter(([name]) => !isNoRegion(name));
        if (day.keys + day.revised + verdicts.length === 0) return [];
        return [{ ...day, verdicts: Object.fromEntries(verdicts) }];
      }),
    };
  }));
}

/** Why no key can go over: what the agreement says already, else what the newest page of each kind told. */
function nothingOf(peer: Peer, pages: readonly PageRecord[]): PeerStatus["nothing"] {
  const told = (kind: PageKind): string | undefined => {
    const newest = pages.find((page) => page.kind === kind);
    const why = Object.keys(newest?.verdicts ?? {}).find(isNoRegion);
    return why === undefined ? undefined : NO_REGION[why];
  };
  const sends = wholeAgreement(peer).regions.length > 0;
  const takes = peer.accept.regions.length > 0;
  const all = {
    pull: takes ? told("pull") : "accept.regions is empty: nothing is asked for",
    push: sends ? undefined : NO_REGION.no_region_agreed,
    fetched: told("fetched"),
  };
  return {
    ...(peer.pull.enabled && all.pull !== undefined ? { pull: all.pull } : {}),
    ...(peer.push.enabled && all.push !== undefined ? { push: all.push } : {}),
    ...(all.fetched === undefined ? {} : { fetched: all.fetched }),
  };
}

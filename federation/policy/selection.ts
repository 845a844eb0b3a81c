import { accept, type Outcome, refuse } from "../../src/errors.ts";
import type { Selection } from "../../src/model/feed.ts";
import { asRegion, type Region } from "../../src/model/ids.ts";
import type { Peer } from "../../src/model/resource/peer.ts";

/** What a peer asks for. Empty lists as on the wire. */
export type Wish = {
  readonly includeRegions: readonly string[];
  readonly excludeRegions: readonly string[];
  readonly onlyTravelers: boolean;
  readonly onlyLocalProvenance: boolean;
};

/** Lists of a wish are at most this long. */
const MAX_WISH_REGIONS = 500;
/** What a database can keep; regions here have no other names. */
const REGION = /^\P{Cc}{0,50}$/u;

/**
 * A wish, cut down to the agreement: regions are intersected, excluded ones united, restrictions of either side
 * hold. An empty list is nothing, on both sides. `invalid_argument` for a wish that contradicts itself.
 */
export function selectionOf(wish: Wish, peer: Peer): Outcome<Selection> {
  const lists = [wish.includeRegions, wish.excludeRegions];
  if (lists.some((list) => list.length > MAX_WISH_REGIONS)) {
    return refuse("invalid_argument", `more than ${MAX_WISH_REGIONS} regions`);
  }
  if (!lists.flat().every((region) => REGION.test(region))) {
    return refuse("invalid_argument", "a region must have at most 50 characters, none a control");
  }
  const wanted = new Set(wish.includeRegions.map(asRegion));
  const unwanted = new Set(wish.excludeRegions.map(asRegion));
  if ([...wanted].some((region) => unwanted.has(region))) {
    return refuse("invalid_argument", "includeRegions and excludeRegions overlap");
  }
  const excluded = new Set([...unwanted, ...peer.send.excludeRegions]);
  return accept({
    ...wholeAgreement(peer),
    regions: peer.send.regions.filter((region) => wanted.has(region) && !excluded.has(region)),
    excludeRegions: [...excluded],
    onlyTravelers: wish.onlyTravelers || peer.send.onlyTravelers,
    onlyLocal: wish.onlyLocalProvenance || !peer.send.resend,
  });
}

/** All that an agreement allows: what is pushed. */
export function wholeAgreement(peer: Peer): Selection {
  return {
    regions: peer.send.regions.filter((region) => !peer.send.excludeRegions.includes(region)),
    excludeRegions: peer.send.excludeRegions,
    onlyTravelers: peer.send.onlyTravelers,
    onlyLocal: !peer.send.resend,
    symptomOnset: peer.send.symptomOnset,
    selfReport: peer.send.selfReport,
    peer: peer.name,
    serverId: peer.serverId,
  };
}

/**
 * What decides which keys a selection has, to notice when that changes: a place in the feed belongs to it. `selfReport`
 * is there only when it leaves keys out, so that the places stay of agreements that are older than it.
 */
export function filtersOf(selection: Selection): Partial<Selection> {
  const { symptomOnset: _, selfReport, ...filters } = selection;
  return selfReport ? filters : { ...filters, selfReport };
}

/** The regions of a key that the peer may see: those that it asked for and may have. */
export function shownRegions(regions: readonly Region[], selection: Selection): Region[] {
  return regions.filter((region) => selection.regions.includes(region));
}

/** A stable text of everything in a selection, to notice when a caller changes its filters. */
export function wishText(wish: Wish): string {
  const list = (regions: readonly string[]) => [...new Set(regions.map(asRegion))].sort();
  return JSON.stringify([
    list(wish.includeRegions),
    list(wish.excludeRegions),
    wish.onlyTravelers,
    wish.onlyLocalProvenance,
  ]);
}

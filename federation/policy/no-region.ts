import type { Region } from "../../src/model/ids.ts";
import type { Peer } from "../../src/model/resource/peer.ts";

/** Why nothing can go over, one way, for want of a region. The names are in the history, among the verdicts. */
export const NO_REGION = {
  no_region_asked: "it asks for no region: set accept.regions there",
  no_region_agreed: "send.regions is empty, or all of it excluded: nothing goes to it",
  no_region_common: "it asks for none of the regions in send.regions",
  no_region_given: "it gives none of the regions in accept.regions: compare its send.regions",
} as const;

/** The name of a reason. */
export type NoRegion = keyof typeof NO_REGION;

/** Whether a verdict of the history is one of these reasons. */
export const isNoRegion = (verdict: string): verdict is NoRegion =>
  Object.hasOwn(NO_REGION, verdict);

/** Why the answer to a peer that asks for these regions holds no key. */
export function whyNoRegion(
  asked: readonly string[],
  { send: { regions, excludeRegions } }: Peer,
): NoRegion {
  if (regions.every((region) => excludeRegions.includes(region))) return "no_region_agreed";
  return asked.length === 0 ? "no_region_asked" : "no_region_common";
}

/** Whether a peer that gives these regions gives none that we take, though we take some. */
export function givesNone(given: readonly string[], { accept: { regions } }: Peer): boolean {
  return regions.length > 0 && !regions.some((region: Region) => given.includes(region));
}

import { asRegion, type Region } from "../../../src/model/ids.ts";
import type { EfgsAgreement } from "../../../src/model/resource/efgs-agreement.ts";
import type { Peer } from "../../../src/model/resource/peer.ts";
import type { ReceivedKey } from "../../policy/acceptance.ts";
import { decodeDsos } from "../dsos.ts";
import { NO_RISK } from "../key-fault.ts";
import type { EfgsKey } from "../wire/batch.ts";

/** A peer of whom `efgs` is known to be there. */
export type GatewayPeer = Peer & { readonly efgs: EfgsAgreement };

/** Whether a peer is a gateway of the European kind. */
export function isGatewayPeer(peer: Peer): peer is GatewayPeer {
  return peer.protocol === "efgs" && peer.efgs !== undefined;
}

/** Greece, in the two ways in which certificates name it. */
const GREECE: readonly string[] = ["EL", "GR"];

/** Whether two codes mean one country. */
export function isSameCountry(left: string, right: string): boolean {
  return left === right || (GREECE.includes(left) && GREECE.includes(right));
}

const NO_REGIONS: readonly string[] = [];
const SWITZERLAND = "CH";

/**
 * A key of the gateway in our terms, for the judgement of any peer's keys (policy/acceptance.ts): our names of the
 * origin's regions, and our own region when the key names our country as visited. Its home is below the gateway's URL,
 * so that keys of two origins are told apart; one of our own country is at home here.
 */
export function incomingKey(
  key: EfgsKey,
  { efgs, accept, serverId }: GatewayPeer,
  ownServerId: string,
): ReceivedKey {
  const isOurs = isSameCountry(key.origin, efgs.country);
  const visitsUs = isOurs || key.visitedCountries.some((one) => isSameCountry(one, efgs.country));
  const agreed = accept.regions.some((one) => isSameCountry(one, key.origin)) &&
    (!efgs.chgs || key.origin === SWITZERLAND);
  const taken = isOurs || agreed;
  const ofOrigin = taken ? regionsOf(efgs, key.origin) : NO_REGIONS;
  const ours = ofOrigin.length > 0 && visitsUs ? regionsOf(efgs, efgs.country) : NO_REGIONS;
  const onset = decodeDsos(key.daysSinceOnset);
  const known = onset !== undefined && (efgs.dsos === "decode" || onset.told);
  return {
    key: key.keyData,
    transmissionRisk: key.transmissionRisk === NO_RISK ? 0 : key.transmissionRisk,
    intervalNumber: key.rollingStart,
    intervalCount: key.rollingPeriod,
    reportType: key.reportType,
    ...(known ? { daysSinceOnset: onset.daysSinceOnset, onsetTold: onset.told } : {}),
    traveler: visitsUs,
    regions: [...new Set([...ofOrigin, ...ours])],
    homeServer: isOurs
      ? ownServerId
      : `${serverId}/${/^[A-Z]{2}$/.test(key.origin) ? key.origin : "unknown"}`,
    hops: 0,
  };
}

/** The peer as its keys are judged once {@link incomingKey} has given them our names. */
export function judgedAs(peer: GatewayPeer): Peer {
  const regions = Object.keys(peer.efgs.countries).map(asRegion);
  return { ...peer, accept: { ...peer.accept, regions, assignRegions: {} } };
}

function regionsOf({ countries }: EfgsAgreement, country: string): readonly Region[] {
  return Object.entries(countries)
    .filter(([, one]) => isSameCountry(one, country)).map(([region]) => asRegion(region));
}

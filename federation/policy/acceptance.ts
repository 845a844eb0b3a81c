import { recentMap } from "../../src/bounds/recent.ts";
import {
  type ExportKey,
  type FederatedKey,
  KEY_BYTES,
  MAX_TRANSMISSION_RISK,
  MAX_WIRE_DSOS,
} from "../../src/model/exposure.ts";
import { MAX_HOPS } from "../../src/model/feed.ts";
import {
  asRegion,
  asServerId,
  type Region,
  type Seconds,
  type ServerId,
} from "../../src/model/ids.ts";
import { intervalAt, INTERVALS_PER_DAY } from "../../src/model/interval.ts";
import { isTooOld } from "../../src/model/key-check.ts";
import { reportTypeOfWire } from "../../src/model/report-type.ts";
import type { Peer } from "../../src/model/resource/peer.ts";
import { transmissionRisk } from "../../src/model/transmission-risk.ts";

/** Why a key is not taken. Stable: counted by name, told to the peer. */
export const REFUSALS = {
  key_length: "exposureKey must have 16 bytes",
  interval_count: "intervalCount must be 1 to 144",
  interval_future: "intervalNumber lies in the future",
  too_old: "the key is too old",
  risk: "transmissionRisk must be 0 to 8",
  report_type:
    "reportType must be CONFIRMED_TEST, CONFIRMED_CLINICAL_DIAGNOSIS, SELF_REPORT or REVOKED",
  revoked: "a key that is not known here cannot be revoked",
  self_report: "the agreement takes no SELF_REPORT",
  clinical: "the agreement takes no CONFIRMED_CLINICAL_DIAGNOSIS",
  not_traveler: "the agreement takes travelers' keys only",
  region: "no region of the key is in the agreement",
  hops: "the key crossed too many servers",
  home_server: "homeServerId must be empty or a URL of at most 255 characters",
  home: "the key was published at this server",
  other_source: "the key is known from another source, which alone may revise it",
  interval_changed: "intervals differ from those known",
  already_revised: "the key is revised already",
  transition: "its report type may not become this one",
  signature: "the signature of its upload does not count",
} as const;

/** The name of a reason. */
export type RefusalReason = keyof typeof REFUSALS;

/** A key as it came over the wire, decoded and nothing more. */
export type ReceivedKey = ExportKey & {
  readonly traveler: boolean;
  readonly regions: readonly string[];
  /** Empty: the sender. */
  readonly homeServer: string;
  readonly hops: number;
};

/** What a key is judged by. */
export type AcceptanceContext = {
  readonly peer: Peer;
  /** Our own name: keys from here do not come back. */
  readonly serverId: ServerId;
  readonly now: Seconds;
  /** MAX_INTERVAL_AGE_ON_PUBLISH. */
  readonly maxAgeSeconds: number;
};

/** The judgement on one key. */
export type Acceptance =
  | { readonly ok: true; readonly key: FederatedKey }
  | { readonly ok: false; readonly reason: RefusalReason };

/**
 * Whether a key may be stored or, with `revised`, revise one: the checks of publish, then the agreement. A DSOS
 * outside −14…14 is dropped from the key; risk 0 becomes that of the report type. Regions get our names, and only
 * agreed ones stay.
 */
export function acceptanceOf(
  received: ReceivedKey,
  revised: boolean,
  context: AcceptanceContext,
): Acceptance {
  const { peer, serverId } = context;
  const reportType = reportTypeOfWire(received.reportType);
  const shape = faultOfShape(received, context);
  if (shape !== undefined) return refused(shape);
  if (reportType === undefined) return refused("report_type");
  if (reportType === "negative" && !revised) return refused("revoked");
  if (reportType === "user-report" && !peer.accept.acceptSelfReport) return refused("self_report");
  if (reportType === "likely" && !peer.accept.acceptClinical) return refused("clinical");
  if (!received.traveler && peer.accept.onlyTravelers) return refused("not_traveler");
  const regions = assignedRegions(received.regions, peer);
  if (regions.length === 0) return refused("region");
  if (received.hops >= MAX_HOPS) return refused("hops");
  const homeServer = received.homeServer === ""
    ? peer.serverId
    : canonicalServerId(received.homeServer);
  if (homeServer === undefined) return refused("home_server");
  if (homeServer === serverId) return refused("home");
  const { key, intervalNumber, intervalCount, daysSinceOnset, onsetTold, traveler } = received;
  const credible = daysSinceOnset !== undefined && Math.abs(daysSinceOnset) <= MAX_WIRE_DSOS;
  return {
    ok: true,
    key: {
      key,
      intervalNumber,
      intervalCount,
      transmissionRisk: transmissionRisk(received.transmissionRisk, reportType),
      reportType,
      ...(credible ? { daysSinceOnset, onsetTold } : {}),
      regions,
      traveler,
      homeServer,
      hops: received.hops + 1,
    },
  };
}

const refused = (reason: RefusalReason): Acceptance => ({ ok: false, reason });

const MAX_SERVER_ID_CHARACTERS = 255;

/** The last ones looked at: whole batches come from a few homes, and reading a URL takes its time. */
const CANONICAL = recentMap<string, ServerId | undefined>({ maxSize: 100 });

/** One form for what may be written in several; undefined for what is no server ID. */
function canonicalServerId(text: string): ServerId | undefined {
  return CANONICAL.getOrCreate(text, () => readServerId(text));
}

function readServerId(text: string): ServerId | undefined {
  if (text.length > MAX_SERVER_ID_CHARACTERS || !/^https?:\/\/[\x21-\x7e]+$/i.test(text)) {
    return undefined;
  }
  if (!URL.canParse(text)) return undefined;
  return asServerId(text);
}

function faultOfShape(
  received: ReceivedKey,
  { now, maxAgeSeconds }: AcceptanceContext,
): RefusalReason | undefined {
  const { key, intervalNumber, intervalCount, transmissionRisk } = received;
  if (key.length !== KEY_BYTES) return "key_length";
  if (intervalCount < 1 || intervalCount > INTERVALS_PER_DAY) return "interval_count";
  if (intervalNumber > intervalAt(now)) return "interval_future";
  if (isTooOld({ intervalNumber, intervalCount }, now, maxAgeSeconds)) return "too_old";
  if (transmissionRisk < 0 || transmissionRisk > MAX_TRANSMISSION_RISK) return "risk";
  return undefined;
}

/** A key may name this many regions; what comes after is not looked at. */
const MAX_KEY_REGIONS = 500;

function assignedRegions(named: readonly string[], { accept }: Peer): Region[] {
  const assigned = new Set<Region>();
  for (const name of named.slice(0, MAX_KEY_REGIONS)) {
    const region = asRegion(name);
    if (!accept.regions.includes(region)) continue;
    assigned.add(
      Object.hasOwn(accept.assignRegions, region) ? accept.assignRegions[region] ?? region : region,
    );
  }
  return [...assigned];
}

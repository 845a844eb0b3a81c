/** Keys between the database's form and that of `federation.proto`. */

import { ExposureKey } from "../proto/gen/federation.js";
import { type FederatedKey, MAX_WIRE_DSOS } from "../src/model/exposure.ts";
import type { Selection } from "../src/model/feed.ts";
import { REPORT_TYPES } from "../src/model/report-type.ts";
import type { ReceivedKey } from "./policy/acceptance.ts";
import { shownRegions } from "./policy/selection.ts";

/** A key as it goes to a peer: only the regions that it may see, and no DSOS that phones would refuse. */
export function wireKey(key: FederatedKey, selection: Selection): ExposureKey.$Properties {
  const { daysSinceOnset } = key;
  const shown = daysSinceOnset !== undefined && Math.abs(daysSinceOnset) <= MAX_WIRE_DSOS;
  return {
    exposureKey: key.key,
    transmissionRisk: key.transmissionRisk,
    intervalNumber: key.intervalNumber,
    intervalCount: key.intervalCount,
    reportType: REPORT_TYPES[key.reportType].wire,
    ...(shown ? { daysSinceOnsetOfSymptoms: daysSinceOnset, hasSymptomOnset: true } : {}),
    traveler: key.traveler,
    regions: shownRegions(key.regions, selection),
    ...(key.homeServer === undefined ? {} : { homeServerId: key.homeServer }),
    ...(key.hops === 0 ? {} : { hops: key.hops }),
  };
}

/** The keys of a page as they go to a peer. */
export function wireKeys(
  { keys, revised }: {
    readonly keys: readonly FederatedKey[];
    readonly revised: readonly FederatedKey[];
  },
  selection: Selection,
): { keys: ExposureKey.$Properties[]; revisedKeys: ExposureKey.$Properties[] } {
  const wire = (key: FederatedKey) => wireKey(key, selection);
  return { keys: keys.map(wire), revisedKeys: revised.map(wire) };
}

/** A key as it came from a peer; nothing is checked but that absent fields have their defaults. */
export function receivedKey(wire: ExposureKey.$Properties): ReceivedKey {
  return {
    key: wire.exposureKey ?? new Uint8Array(0),
    transmissionRisk: wire.transmissionRisk ?? 0,
    intervalNumber: wire.intervalNumber ?? 0,
    intervalCount: wire.intervalCount ?? 0,
    reportType: wire.reportType ?? 0,
    ...(wire.hasSymptomOnset === true
      ? { daysSinceOnset: wire.daysSinceOnsetOfSymptoms ?? 0 }
      : {}),
    traveler: wire.traveler ?? false,
    regions: wire.regions ?? [],
    homeServer: wire.homeServerId ?? "",
    hops: wire.hops ?? 0,
  };
}

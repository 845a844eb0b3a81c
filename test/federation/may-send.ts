import { shownRegions } from "../../federation/policy/selection.ts";
import { MAX_HOPS, type Selection } from "../../src/model/feed.ts";
import type { ReportType } from "../../src/model/report-type.ts";
import type { Region } from "../../src/model/ids.ts";

/** What decides whether a key may go, as it is stored. */
export type Candidate = {
  readonly regions: readonly Region[];
  readonly traveler: boolean;
  readonly source: "local" | "peer" | "import" | "generated";
  /** Name of the peer or import that it came from. */
  readonly sourceName?: string | undefined;
  /** Absent: this server. */
  readonly homeServer?: string | undefined;
  readonly hops: number;
  readonly reportType?: ReportType;
};

/** Whether a key may go out. The rules in plain code, which tests compare the feed's SQL with. */
export function maySend(key: Candidate, selection: Selection): boolean {
  return key.source !== "generated" &&
    key.hops < MAX_HOPS &&
    (selection.selfReport || key.reportType !== "user-report") &&
    (key.traveler || !selection.onlyTravelers) &&
    (key.source === "local" || !selection.onlyLocal) &&
    !(key.source === "peer" && key.sourceName === selection.peer) &&
    key.homeServer !== selection.serverId &&
    !key.regions.some((region) => selection.excludeRegions.includes(region)) &&
    shownRegions(key.regions, selection).length > 0;
}

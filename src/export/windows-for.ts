import type { Region, Window } from "../model/ids.ts";
import type { ExportConfig } from "../model/resource/export-config.ts";
import { seriesOf } from "./series.ts";

/** An export that carries keys of a window. Times in UTC seconds. */
export type CarryingExport = {
  /** Name of the ExportConfig resource. */
  readonly exportConfig: string;
  readonly startsAt: number;
  readonly endsAt: number;
};

/**
 * The exports that carry a key with these regions, published in this window. Applies the rules of `selectionSql` in
 * the store to one key.
 */
export function exportsCarrying(
  configs: readonly ExportConfig[],
  key: { readonly regions: readonly Region[]; readonly traveler: boolean },
  window: Window,
): readonly CarryingExport[] {
  return configs.flatMap(seriesOf).filter(({ series, rules, fromSeconds, thruSeconds }) => {
    const inside = key.regions.some((region) => rules.regions.includes(region)) ||
      (rules.includeTravelers && key.traveler);
    const outside = key.regions.some((region) => rules.excludeRegions.includes(region)) ||
      (rules.onlyNonTravelers && key.traveler);
    return series === "period" && inside && !outside && fromSeconds <= window &&
      window < thruSeconds;
  }).map(({ config, periodSeconds }) => {
    const startsAt = Math.floor(window / periodSeconds) * periodSeconds;
    return { exportConfig: config, startsAt, endsAt: startsAt + periodSeconds };
  });
}

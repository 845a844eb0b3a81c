import { parseDuration } from "../model/duration.ts";
import { DAY_SECONDS } from "../model/interval.ts";
import type { ExportConfig } from "../model/resource/export-config.ts";
import { secondsOf } from "../model/resource/members.ts";
import type { SeriesName } from "../model/export-place.ts";
import type { SeriesPlan } from "../store/export/schedule.ts";

/** A series with its config. */
export type Series = SeriesPlan & { readonly definition: ExportConfig };

/** The series of a config: one with windows of its period, and one with daily windows if it has a roll-up. */
export function seriesOf(config: ExportConfig): readonly Series[] {
  const one = (series: SeriesName, periodSeconds: number): Series => ({
    definition: config,
    config: config.name,
    series,
    periodSeconds,
    fromSeconds: secondsOf(config.from) ?? 0,
    thruSeconds: secondsOf(config.thru) ?? Number.MAX_SAFE_INTEGER,
    rules: {
      regions: config.inputRegions.length > 0 ? config.inputRegions : [config.outputRegion],
      excludeRegions: config.excludeRegions,
      includeTravelers: config.includeTravelers,
      onlyNonTravelers: config.onlyNonTravelers,
    },
  });
  const period = one("period", (parseDuration(config.period) ?? 0) / 1000);
  return config.rollup === "24h" ? [period, one("24h", DAY_SECONDS)] : [period];
}

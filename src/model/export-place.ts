import { dailyRoot, type ExportConfig } from "./resource/export-config.ts";

/** A run of windows of one config: those of its period, or its daily roll-up. */
export type SeriesName = "period" | "24h";

/** A place for files: a bucket and the first part of their names. */
export type ExportPlace = { readonly bucket: string; readonly root: string };

/** Where the files of a series are: below `ROOT`, or below `ROOT-daily` for the roll-up. */
export function placeOf(config: ExportConfig, series: SeriesName): ExportPlace {
  const root = series === "period" ? config.filenameRoot : dailyRoot(config.filenameRoot);
  return { bucket: config.bucket, root };
}

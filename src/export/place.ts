import type { BlobHeaders } from "../blob/blob.ts";
import { dailyRoot, type ExportConfig } from "../model/resource/export-config.ts";
import type { ExportPlace, SeriesName } from "../store/export/batches.ts";
import type { Span } from "../store/export/keys.ts";

/** How files are served: they never change. */
export const FILE_HEADERS: BlobHeaders = {
  contentType: "application/zip",
  cacheControl: "public, max-age=86400",
};
/** How an index is served: asked for anew every time. */
export const INDEX_HEADERS: BlobHeaders = {
  contentType: "text/plain",
  cacheControl: "no-cache, max-age=0",
};

/** Where the files of a series are: below `ROOT`, or below `ROOT-daily` for the roll-up. */
export function placeOf(config: ExportConfig, series: SeriesName): ExportPlace {
  const root = series === "period" ? config.filenameRoot : dailyRoot(config.filenameRoot);
  return { bucket: config.bucket, root };
}

/** `ROOT/START-END-NNNNN.zip`: Unix seconds of the window, and the file's number from 1. */
export function fileName(root: string, { startsAt, endsAt }: Span, number: number): string {
  return `${root}/${startsAt}-${endsAt}-${String(number).padStart(5, "0")}.zip`;
}

/** `ROOT/index.txt`. */
export function indexName(root: string): string {
  return `${root}/index.txt`;
}

/** The text of an index: one path a line, relative to the export base. */
export function indexText(names: readonly string[]): Uint8Array {
  return new TextEncoder().encode(names.join("\n"));
}

import type { ExportSettings } from "../export/settings.ts";
import type { ImportSettings, MirrorSettings } from "../upstream/settings.ts";
import type { EnvironmentReader } from "./environment.ts";

/** Settings of exports and of what goes away; names and defaults are those of the reference server where it has one. */
export function exportSettings(
  read: EnvironmentReader,
  windows: { readonly graceSeconds: number },
): ExportSettings {
  const anyTtl = read.flag("DEBUG_ALLOW_SHORT_CLEANUP_TTL", false) ||
    read.flag("DEBUG_OVERRIDE_CLEANUP_MIN_DURATION", false);
  return {
    maxRecords: read.integer("EXPORT_FILE_MAX_RECORDS", 500_000, { min: 1, max: 2_000_000 }),
    minRecords: read.integer("EXPORT_FILE_MIN_RECORDS", 1000, { max: 100_000 }),
    paddingRange: read.integer("EXPORT_FILE_PADDING_RANGE", 100, { max: 100_000 }),
    minWindowAgeSeconds: read.seconds("MIN_WINDOW_AGE", "2h", { max: "48h" }),
    windowGraceSeconds: windows.graceSeconds,
    workerTimeoutSeconds: read.seconds("WORKER_TIMEOUT", "15s", { min: "5s", max: "1h" }),
    cleanupTtlSeconds: read.seconds("CLEANUP_TTL", "336h", {
      min: anyTtl ? "1s" : "240h",
      max: "8760h",
    }),
  };
}

/** Settings of reading other servers' files. */
export function upstreamSettings(
  read: EnvironmentReader,
  { workerTimeoutSeconds, cleanupTtlSeconds }: ExportSettings,
  maxKeyAgeSeconds: number,
): { readonly import: ImportSettings; readonly mirror: MirrorSettings } {
  const shared = {
    indexTimeoutMs: read.milliseconds("INDEX_FILE_DOWNLOAD_TIMEOUT", "30s", {
      min: "100ms",
      max: "10m",
    }),
    fileTimeoutMs: read.milliseconds("EXPORT_FILE_DOWNLOAD_TIMEOUT", "2m", {
      min: "100ms",
      max: "1h",
    }),
    maxRuntimeMs: read.milliseconds("MAX_RUNTIME", "12m", { min: "1s", max: "24h" }),
    workerTimeoutSeconds,
  };
  return {
    import: {
      ...shared,
      maxKeyAgeSeconds,
      backfillDaysSinceOnset: read.integer("BACKFILL_DAYS_SINCE_ONSET_VALUE", 10, { max: 14 }),
      cleanupTtlSeconds,
    },
    mirror: {
      ...shared,
      cleanupTtlSeconds,
      unlistedTtlSeconds: read.seconds("MIRROR_UNLISTED_TTL", "0s"),
    },
  };
}

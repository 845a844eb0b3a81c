import { decodeBase64 } from "../bytes/base64.ts";
import { regionMember } from "../model/resource/members.ts";
import {
  LEAST_STATS_EMBARGO_SECONDS,
  LEAST_STATS_UPLOADS,
  type PublishSettings,
} from "../publish/settings.ts";
import type { EnvironmentReader } from "./environment.ts";

/** Settings of publishing; names and defaults are those of the reference server where it has one. */
export function publishSettings(read: EnvironmentReader, windowSeconds: number): PublishSettings {
  const region = regionMember.optional().safeParse(read.optional("DEFAULT_REGION")?.trim());
  if (!region.success) read.refuse("DEFAULT_REGION", "must be a region code such as MAG or US-CA");
  const embargo = read.seconds("STATS_EMBARGO_PERIOD", "48h");
  if (embargo !== 0 && embargo < LEAST_STATS_EMBARGO_SECONDS) {
    read.refuse("STATS_EMBARGO_PERIOD", "must be 0 (off) or at least 48h");
  }
  return {
    maxKeys: read.integer("MAX_KEYS_ON_PUBLISH", 30, { min: 1, max: 200 }),
    maxSameStartKeys: read.integer("MAX_SAME_START_INTERVAL_KEYS", 3, { min: 1, max: 200 }),
    maxKeyAgeSeconds: read.seconds("MAX_INTERVAL_AGE_ON_PUBLISH", "360h", {
      min: "24h",
      max: "720h",
    }),
    maxOnsetDays: read.integer("MAX_SYMPTOM_ONSET_DAYS", 21, { max: 365 }),
    maxOnsetReportDays: read.integer("MAX_VALID_SYMPTOM_ONSET_REPORT_DAYS", 28, { max: 365 }),
    defaultOnsetDaysAgo: read.integer("DEFAULT_SYMPTOM_ONSET_DAYS_AGO", 4, { max: 365 }),
    windowSeconds,
    releaseSameDayKeys: read.flag("DEBUG_RELEASE_SAME_DAY_KEYS", false),
    defaultRegion: region.data,
    allowPartialRevisions: read.flag("ALLOW_PARTIAL_REVISIONS", false),
    certificateSkewSeconds: read.seconds("CERTIFICATE_CLOCK_SKEW", "60s", { max: "1h" }),
    certificateMaxLifetimeSeconds: read.seconds("CERTIFICATE_MAX_LIFETIME", "24h", {
      min: "1m",
      max: "720h",
    }),
    paddingMinBytes: read.integer("RESPONSE_PADDING_MIN_BYTES", 1024, { max: 65_536 }),
    paddingRangeBytes: read.integer("RESPONSE_PADDING_RANGE", 1024, { max: 65_536 }),
    tokenMinEntries: read.integer("REVISION_TOKEN_MIN_LENGTH", 28, { min: 1, max: 200 }),
    maxBodyBytes: read.integer("PUBLISH_MAX_BODY_BYTES", 64_000, { min: 1000, max: 1_000_000 }),
    // Less than EdgeLimits.requestMs, which takes in headersMs: who is late gets our answer.
    bodyTimeoutMs: read.milliseconds("PUBLISH_BODY_TIMEOUT", "15s", { min: "100ms", max: "45s" }),
    maxInFlight: read.integer("PUBLISH_MAX_IN_FLIGHT", 256, { min: 1, max: 10_000 }),
    chaffMaxLatencyMs: read.integer("CHAFF_REQUEST_MAX_LATENCY_MS", 1000, { max: 60_000 }),
    maintenance: read.flag("MAINTENANCE_MODE", false),
    maintenanceRetrySeconds: read.seconds("MAINTENANCE_RETRY_AFTER", "5m", { min: "1s" }),
    enableAlpha: read.flag("ENABLE_V1ALPHA1_API", false),
    statsAudience: read.text("STATS_AUDIENCE", "keyserver"),
    statsUploadMinimum: read.integer("STATS_UPLOAD_MINIMUM", LEAST_STATS_UPLOADS, {
      min: LEAST_STATS_UPLOADS,
    }),
    statsEmbargoSeconds: embargo,
  };
}

/** Settings of revision tokens and of the data keys that they are sealed with. */
export type RevisionSettings = {
  /** REVISION_TOKEN_AAD, bytes. */
  readonly additionalData: Uint8Array;
  /** REVISION_TOKEN_KEY_ID. */
  readonly wrappingKey: string;
  readonly newKeySeconds: number;
  readonly deleteOldSeconds: number;
  readonly cacheMs: number;
};

/** Base64 of `wayfarer revision token`. */
const DEFAULT_AAD = "d2F5ZmFyZXIgcmV2aXNpb24gdG9rZW4=";

/** Names and defaults are those of the reference server where it has one. */
export function revisionSettings(read: EnvironmentReader): RevisionSettings {
  const additionalData = decodeBase64(read.text("REVISION_TOKEN_AAD", DEFAULT_AAD));
  if (additionalData === undefined) read.refuse("REVISION_TOKEN_AAD", "must be base64");
  return {
    additionalData: additionalData ?? new Uint8Array(),
    wrappingKey: read.text("REVISION_TOKEN_KEY_ID", "local:revision-token"),
    newKeySeconds: read.seconds("NEW_KEY_PERIOD", "168h", { min: "1s" }),
    deleteOldSeconds: read.seconds("DELETE_OLD_KEY_PERIOD", "360h", { min: "1s" }),
    cacheMs: read.milliseconds("REVISION_KEY_CACHE_DURATION", "1m", { max: "1h" }),
  };
}

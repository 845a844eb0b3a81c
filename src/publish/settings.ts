import type { Region } from "../model/ids.ts";

/** Every limit and default of publishing, and the environment variable that sets it. */
export type PublishSettings = {
  /** MAX_KEYS_ON_PUBLISH: TEKs in one request. */
  readonly maxKeys: number;
  /** MAX_SAME_START_INTERVAL_KEYS: TEKs of one request that may start at the same interval. */
  readonly maxSameStartKeys: number;
  /** MAX_INTERVAL_AGE_ON_PUBLISH, seconds: how long ago a TEK may have ended. Also how long a token keeps it. */
  readonly maxKeyAgeSeconds: number;
  /** MAX_SYMPTOM_ONSET_DAYS: largest |DSOS| that is stored. */
  readonly maxOnsetDays: number;
  /** MAX_VALID_SYMPTOM_ONSET_REPORT_DAYS: how many days ago an onset is credible. */
  readonly maxOnsetReportDays: number;
  /** DEFAULT_SYMPTOM_ONSET_DAYS_AGO: the onset when nobody tells one. */
  readonly defaultOnsetDaysAgo: number;
  /** TRUNCATE_WINDOW, seconds. */
  readonly windowSeconds: number;
  /** DEBUG_RELEASE_SAME_DAY_KEYS: development only. */
  readonly releaseSameDayKeys: boolean;
  /** DEFAULT_REGION: for health authorities without one; absent: there is none. */
  readonly defaultRegion: Region | undefined;
  /** ALLOW_PARTIAL_REVISIONS: an existing key that the token lacks is left out, not refused. */
  readonly allowPartialRevisions: boolean;
  /** CERTIFICATE_CLOCK_SKEW, seconds of tolerance. */
  readonly certificateSkewSeconds: number;
  /** CERTIFICATE_MAX_LIFETIME, seconds: the longest that a certificate may be valid, from `iat` to `exp`. */
  readonly certificateMaxLifetimeSeconds: number;
  /** RESPONSE_PADDING_MIN_BYTES: random bytes in every answer. */
  readonly paddingMinBytes: number;
  /** RESPONSE_PADDING_RANGE: at most so many more. */
  readonly paddingRangeBytes: number;
  /** REVISION_TOKEN_MIN_LENGTH: entries in a token. */
  readonly tokenMinEntries: number;
  /** PUBLISH_MAX_BODY_BYTES. */
  readonly maxBodyBytes: number;
  /** PUBLISH_BODY_TIMEOUT, milliseconds: from the first to the last byte of a body. */
  readonly bodyTimeoutMs: number;
  /** PUBLISH_MAX_IN_FLIGHT: publishes worked on at a time; more are answered 503. */
  readonly maxInFlight: number;
  /** CHAFF_REQUEST_MAX_LATENCY_MS: largest delay of an answer to chaff. */
  readonly chaffMaxLatencyMs: number;
  /** MAINTENANCE_MODE: every publish is answered 429. */
  readonly maintenance: boolean;
  /** MAINTENANCE_RETRY_AFTER, seconds: what `Retry-After` says then. */
  readonly maintenanceRetrySeconds: number;
  /** ENABLE_V1ALPHA1_API: `POST /` answers the old API. */
  readonly enableAlpha: boolean;
  /** STATS_AUDIENCE: `aud` of a token that asks for statistics. */
  readonly statsAudience: string;
  /** STATS_UPLOAD_MINIMUM: publishes from which on a day is shown at once; never below {@link LEAST_STATS_UPLOADS}. */
  readonly statsUploadMinimum: number;
  /** STATS_EMBARGO_PERIOD, seconds after its end from which on a day is shown anyway; 0 never, else at least 48 h. */
  readonly statsEmbargoSeconds: number;
};

/** STATS_UPLOAD_MINIMUM is never lower. */
export const LEAST_STATS_UPLOADS = 10;
/** STATS_EMBARGO_PERIOD is never shorter, but may be 0. */
export const LEAST_STATS_EMBARGO_SECONDS: number = 48 * 3600;

/** What holds when the environment says nothing. */
export const DEFAULT_PUBLISH_SETTINGS: PublishSettings = {
  maxKeys: 30,
  maxSameStartKeys: 3,
  maxKeyAgeSeconds: 360 * 3600,
  maxOnsetDays: 21,
  maxOnsetReportDays: 28,
  defaultOnsetDaysAgo: 4,
  windowSeconds: 3600,
  releaseSameDayKeys: false,
  defaultRegion: undefined,
  allowPartialRevisions: false,
  certificateSkewSeconds: 60,
  certificateMaxLifetimeSeconds: 24 * 3600,
  paddingMinBytes: 1024,
  paddingRangeBytes: 1024,
  tokenMinEntries: 28,
  maxBodyBytes: 64_000,
  bodyTimeoutMs: 15_000,
  maxInFlight: 256,
  chaffMaxLatencyMs: 1000,
  maintenance: false,
  maintenanceRetrySeconds: 300,
  enableAlpha: false,
  statsAudience: "keyserver",
  statsUploadMinimum: LEAST_STATS_UPLOADS,
  statsEmbargoSeconds: LEAST_STATS_EMBARGO_SECONDS,
};

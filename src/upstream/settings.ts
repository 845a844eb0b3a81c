/** The settings for reading other servers' files, named after their environment variables. */
export type UpstreamSettings = {
  /** INDEX_FILE_DOWNLOAD_TIMEOUT. Default 30,000. */
  readonly indexTimeoutMs: number;
  /** EXPORT_FILE_DOWNLOAD_TIMEOUT. Default 120,000. */
  readonly fileTimeoutMs: number;
  /** WORKER_TIMEOUT: how long a silent worker keeps its config. Default 15. */
  readonly workerTimeoutSeconds: number;
  /** MAX_RUNTIME: how long a run may work on one config; the next run continues. Default 720,000 (12 min). */
  readonly maxRuntimeMs: number;
};

/** Further settings of imports. */
export type ImportSettings = UpstreamSettings & {
  /** MAX_INTERVAL_AGE_ON_PUBLISH: keys that ended longer ago are skipped. Default 1,296,000 (360 h). */
  readonly maxKeyAgeSeconds: number;
  /** BACKFILL_DAYS_SINCE_ONSET_VALUE: the DSOS of a key that has none. Default 10. */
  readonly backfillDaysSinceOnset: number;
  /** CLEANUP_TTL: how long the database remembers a file that left the index. Default 1,209,600 (336 h). */
  readonly cleanupTtlSeconds: number;
};

/** Further settings of mirrors. */
export type MirrorSettings = UpstreamSettings & {
  /** MIRROR_UNLISTED_TTL: how long a copy stays in storage after it left the index. Default 0. */
  readonly unlistedTtlSeconds: number;
  /** CLEANUP_TTL: how long a copy stays after the index became empty. Default 1,209,600 (336 h). */
  readonly cleanupTtlSeconds: number;
};

/** What reading other servers' files goes by; the names are those of the environment. */
export type UpstreamSettings = {
  /** INDEX_FILE_DOWNLOAD_TIMEOUT. Default 30,000. */
  readonly indexTimeoutMs: number;
  /** EXPORT_FILE_DOWNLOAD_TIMEOUT. Default 120,000. */
  readonly fileTimeoutMs: number;
  /** WORKER_TIMEOUT: how long a worker that says nothing keeps a config. Default 15. */
  readonly workerTimeoutSeconds: number;
  /** MAX_RUNTIME: how long one config may keep a run busy; the next run goes on. Default 720,000 (12 min). */
  readonly maxRuntimeMs: number;
};

/** What imports go by besides. */
export type ImportSettings = UpstreamSettings & {
  /** MAX_INTERVAL_AGE_ON_PUBLISH: keys that ended longer ago are skipped. Default 1,296,000 (360 h). */
  readonly maxKeyAgeSeconds: number;
  /** BACKFILL_DAYS_SINCE_ONSET_VALUE: DSOS of a key that came without. Default 10. */
  readonly backfillDaysSinceOnset: number;
  /** CLEANUP_TTL: files that the index no longer names are forgotten after it. Default 1,209,600 (336 h). */
  readonly cleanupTtlSeconds: number;
};

/** What mirrors go by besides. */
export type MirrorSettings = UpstreamSettings & {
  /** MIRROR_UNLISTED_TTL: how long a copy stays in storage after it left the index. Default 0. */
  readonly unlistedTtlSeconds: number;
  /** CLEANUP_TTL: how long a copy stays that an empty index no longer names. Default 1,209,600 (336 h). */
  readonly cleanupTtlSeconds: number;
};

/** What exports go by. Durations are in seconds; the names are those of the environment. */
export type ExportSettings = {
  /** EXPORT_FILE_MAX_RECORDS: keys and revised keys in one file. Default 500,000. */
  readonly maxRecords: number;
  /** EXPORT_FILE_MIN_RECORDS: a file is filled to at least that many keys. Default 1000. */
  readonly minRecords: number;
  /** EXPORT_FILE_PADDING_RANGE: how many more it is filled to at most. Default 100. */
  readonly paddingRange: number;
  /** MIN_WINDOW_AGE: how long after its end a window is exported; WINDOW_GRACE when that is longer. Default 7200. */
  readonly minWindowAgeSeconds: number;
  /** WINDOW_GRACE. Default 60. */
  readonly windowGraceSeconds: number;
  /** WORKER_TIMEOUT: how long a worker that says nothing keeps a batch. Default 15. */
  readonly workerTimeoutSeconds: number;
  /** CLEANUP_TTL: the index names no file whose window ended longer ago. Default 1,209,600 (336 h). */
  readonly cleanupTtlSeconds: number;
};

/** How long after its end a window is due, in seconds. */
export function dueAfterSeconds(
  { minWindowAgeSeconds, windowGraceSeconds }: ExportSettings,
): number {
  return Math.max(minWindowAgeSeconds, windowGraceSeconds);
}

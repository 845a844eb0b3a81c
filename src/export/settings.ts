/** The settings of exports, named after their environment variables. Durations are in seconds. */
export type ExportSettings = {
  /** EXPORT_FILE_MAX_RECORDS: keys and revised keys in one file. Default 500,000. */
  readonly maxRecords: number;
  /** EXPORT_FILE_MIN_RECORDS: a file is padded to at least this many keys. Default 1000. */
  readonly minRecords: number;
  /** EXPORT_FILE_PADDING_RANGE: the most random extra keys added on top. Default 100. */
  readonly paddingRange: number;
  /** MIN_WINDOW_AGE: how long after its end a window is exported; at least WINDOW_GRACE. Default 7200. */
  readonly minWindowAgeSeconds: number;
  /** WINDOW_GRACE. Default 60. */
  readonly windowGraceSeconds: number;
  /** WORKER_TIMEOUT: how long a silent worker keeps its batch. Default 15. */
  readonly workerTimeoutSeconds: number;
  /** CLEANUP_TTL: the index drops files whose window ended longer ago than this. Default 1,209,600 (336 h). */
  readonly cleanupTtlSeconds: number;
};

/** How many seconds after its end a window is due. */
export function dueAfterSeconds(
  { minWindowAgeSeconds, windowGraceSeconds }: ExportSettings,
): number {
  return Math.max(minWindowAgeSeconds, windowGraceSeconds);
}

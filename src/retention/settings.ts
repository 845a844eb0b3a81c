/** The settings of retention. */
export type RetentionSettings = {
  /** CLEANUP_TTL, in seconds: default 1,209,600 (336 h), at least 864,000 (240 h) unless overridden. */
  readonly cleanupTtlSeconds: number;
};

/** What becomes of a setting of the reference server. */
export type SettingFate =
  | { readonly kind: "honoured" }
  /** Honoured; `name` is what it is called here. */
  | { readonly kind: "renamed"; readonly name: string }
  /** Without effect; `reason` says why, and what to use. */
  | { readonly kind: "none"; readonly reason: string }
  /** Set by the platform that runs the server; nothing depends on it. */
  | { readonly kind: "platform" }
  /** A start with another value than `harmless` is refused: the operator counts on what it does. */
  | { readonly kind: "refused"; readonly harmless: string; readonly reason: string };

const honoured: SettingFate = { kind: "honoured" };
const platform: SettingFate = { kind: "platform" };
const renamed = (name: string): SettingFate => ({ kind: "renamed", name });
const none = (reason: string): SettingFate => ({ kind: "none", reason });
const refused = (harmless: string, reason: string): SettingFate => ({
  kind: "refused",
  harmless,
  reason,
});

/** Every setting of the reference server's services, by name. docs/reference-settings.md is made from it. */
export const REFERENCE_SETTINGS: Readonly<Record<string, SettingFate>> = {
  ACCEPT_RECURSIVE: none("a key goes to a peer from its home only; see the Peer's `accept`"),
  ACCEPT_SELF_REPORT: none("set `accept.reportTypes` of each Peer"),
  ALLOW_ANY_CLIENT: refused(
    "false",
    "a caller without an agreement gets nothing: make a Peer for each one",
  ),
  ALLOW_PARTIAL_REVISIONS: honoured,
  AUTHORIZED_APP_CACHE_DURATION: none("a changed resource counts at once in all processes"),
  BACKFILL_DAYS_SINCE_ONSET: none("always on; BACKFILL_DAYS_SINCE_ONSET_VALUE sets the day"),
  BACKFILL_DAYS_SINCE_ONSET_VALUE: honoured,
  BACKFILL_REPORT_TYPE: none("a key without a report type is imported as confirmed"),
  BACKUP_BUCKET: honoured,
  BACKUP_DATABASE_INSTANCE_URL: none("the job `backup` reads the database of DATABASE_URL itself"),
  BACKUP_DATABASE_NAME: none("the job `backup` reads the database of DATABASE_URL itself"),
  BACKUP_MIN_PERIOD: none("set BACKUP_SCHEDULE"),
  BACKUP_TIMEOUT: none("the job `backup` has six hours"),
  BLOBSTORE: honoured,
  CHAFF_REQUEST_MAX_LATENCY_MS: honoured,
  CHANCE_OF_KEY_REVISION: none(
    "it belongs to the reference's generator of test data; use `wayfarer simulate` or `wayfarer device publish`",
  ),
  CHANCE_OF_TRAVELER: none(
    "it belongs to the reference's generator of test data; use `wayfarer simulate` or `wayfarer device publish`",
  ),
  CLEANUP_TIMEOUT: none("the job `retention` works in short steps and goes on at its next turn"),
  CLEANUP_TTL: honoured,
  CREATE_BATCHES_TIMEOUT: none(
    "the job `export` works in short steps and goes on at its next turn",
  ),
  CREATE_HSM_KEYS: honoured,
  CREDENTIALS_FILE: none(
    "peers are called with tokens that this server signs; see docs/federation.md",
  ),
  DB_CONNECT_TIMEOUT: honoured,
  DB_HOST: honoured,
  DB_NAME: honoured,
  DB_PASSWORD: honoured,
  DB_POOL_HEALTH_CHECK_PERIOD: none(
    "a connection that broke is noticed when it is used, and replaced",
  ),
  DB_POOL_MAX_CONNS: honoured,
  DB_POOL_MAX_CONN_IDLE_TIME: honoured,
  DB_POOL_MAX_CONN_LIFETIME: honoured,
  DB_POOL_MIN_CONNS: none("connections are opened when they are needed"),
  DB_PORT: honoured,
  DB_SSLCERT: honoured,
  DB_SSLKEY: honoured,
  DB_SSLMODE: honoured,
  DB_SSLROOTCERT: honoured,
  DB_USER: honoured,
  DEBUG_LOG_BAD_CERTIFICATES: none(
    "certificates are never logged; `wayfarer certificate` and the dry run explain a refusal",
  ),
  DEBUG_OVERRIDE_CLEANUP_MIN_DURATION: renamed("DEBUG_ALLOW_SHORT_CLEANUP_TTL"),
  DEBUG_RELEASE_SAME_DAY_KEYS: honoured,
  DEFAULT_REGION: honoured,
  DEFAULT_SYMPTOM_ONSET_DAYS_AGO: honoured,
  DELETE_OLD_KEY_PERIOD: honoured,
  DEV_STACKDRIVER_LOCATION: none("metrics are at `/metrics`, for Prometheus to read"),
  ENABLE_V1ALPHA1_API: honoured,
  EXPORT_FILE_DELETE_TIMEOUT: none("MAX_RUNTIME bounds a mirror as a whole"),
  EXPORT_FILE_DOWNLOAD_TIMEOUT: honoured,
  EXPORT_FILE_MAX_RECORDS: honoured,
  EXPORT_FILE_MIN_RECORDS: honoured,
  EXPORT_FILE_PADDING_RANGE: honoured,
  EXPORT_FILE_UPLOAD_TIMEOUT: none("MAX_RUNTIME bounds a mirror as a whole"),
  FORCE_CONFIRMED: none(
    "it belongs to the reference's generator of test data; use `wayfarer simulate` or `wayfarer device publish`",
  ),
  HEALTH_AUTHORITY_KEY_CLEANUP_TTL: none("a revoked key of an issuer is forgotten after 30 days"),
  IMPORT_APP_PACKAGE_NAME: none("imported keys belong to their ExportImport"),
  IMPORT_LOCK_TIME: none("WORKER_TIMEOUT is the time after which another process takes over"),
  IMPORT_RETRY_RATE: none("failed files are tried again after waits that double"),
  INDEX_FILE_DOWNLOAD_TIMEOUT: honoured,
  KEYS_PER_EXPOSURE: none(
    "it belongs to the reference's generator of test data; use `wayfarer simulate` or `wayfarer device publish`",
  ),
  KEY_FILESYSTEM_ROOT: honoured,
  KEY_MANAGER: honoured,
  KEY_REVISION_DELAY: none(
    "it belongs to the reference's generator of test data; use `wayfarer simulate` or `wayfarer device publish`",
  ),
  K_CONFIGURATION: platform,
  K_REVISION: platform,
  K_SERVICE: platform,
  LOG_JSON_PARSE_ERRORS: none("bodies are never logged; the answer tells the app what is wrong"),
  MAINTENANCE_MODE: honoured,
  MAX_INDEX_BYTES: none("the bound on an index is fixed"),
  MAX_INSERT_BATCH_SIZE: none("keys are written in sets whose size fits the database"),
  MAX_INTERVAL_AGE_ON_PUBLISH: honoured,
  MAX_KEYS_ON_PUBLISH: honoured,
  MAX_RECORDS: none("the size of a page is bounded by bytes; see docs/federation.md"),
  MAX_RUNTIME: honoured,
  MAX_SAME_START_INTERVAL_KEYS: honoured,
  MAX_SYMPTOM_ONSET_DAYS: honoured,
  MAX_VALID_SYMPTOM_ONSET_REPORT_DAYS: honoured,
  MAX_WORKERS: none("eight key sets are read at a time"),
  MAX_ZIP_BYTES: none("the bound on a file is fixed"),
  MIN_WINDOW_AGE: honoured,
  MIRROR_LOCK_DURATION: none("WORKER_TIMEOUT is the time after which another process takes over"),
  NEW_KEY_PERIOD: honoured,
  NUM_EXPOSURES_GENERATED: none(
    "it belongs to the reference's generator of test data; use `wayfarer simulate` or `wayfarer device publish`",
  ),
  OBSERVABILITY_EXPORTER: none("metrics are at `/metrics`, for Prometheus to read"),
  OCAGENT_INSECURE: none("metrics are at `/metrics`, for Prometheus to read"),
  OCAGENT_TRACE_EXPORTER_ENDPOINT: none("metrics are at `/metrics`, for Prometheus to read"),
  PORT: honoured,
  PROJECT_ID: none("nothing needs the name of a cloud project"),
  REPROCESS_COUNT: none("a window is exported once, when it is closed for good"),
  REQUEST_TIMEOUT: none("outgoing requests are bounded to 20 s"),
  RESPONSE_PADDING_MIN_BYTES: honoured,
  RESPONSE_PADDING_RANGE: honoured,
  REVISION_KEY_CACHE_DURATION: honoured,
  REVISION_TOKEN_AAD: honoured,
  REVISION_TOKEN_KEY_ID: honoured,
  REVISION_TOKEN_MIN_LENGTH: honoured,
  RPC_TIMEOUT: none("a peer gets a minute at a time, and its turn comes again"),
  SECRETS_DIR: honoured,
  SECRET_CACHE_TTL: honoured,
  SECRET_EXPANSION: honoured,
  SECRET_FILESYSTEM_ROOT: honoured,
  SECRET_MANAGER: honoured,
  SIMULATE_SAME_DAY_RELEASE: none(
    "it belongs to the reference's generator of test data; use `wayfarer simulate` or `wayfarer device publish`",
  ),
  STACKDRIVER_BUNDLE_COUNT_THRESHOLD: none("metrics are at `/metrics`, for Prometheus to read"),
  STACKDRIVER_BUNDLE_DELAY_THRESHOLD: none("metrics are at `/metrics`, for Prometheus to read"),
  STACKDRIVER_EXCLUDED_METRIC_PREFIXES: none("metrics are at `/metrics`, for Prometheus to read"),
  STACKDRIVER_REGISTER_METRICS: none("metrics are at `/metrics`, for Prometheus to read"),
  STACKDRIVER_REPORTING_INTERVAL: none("metrics are at `/metrics`, for Prometheus to read"),
  STACKDRIVER_TIMEOUT: none("metrics are at `/metrics`, for Prometheus to read"),
  STATS_AUDIENCE: honoured,
  STATS_EMBARGO_PERIOD: honoured,
  STATS_UPLOAD_MINIMUM: honoured,
  TLS_CERT_FILE: honoured,
  TLS_KEY_FILE: honoured,
  TLS_SKIP_VERIFY: refused(
    "false",
    "certificates of peers are always checked: give the runtime the authority by NODE_EXTRA_CA_CERTS",
  ),
  TRACE_PROBABILITY: none("metrics are at `/metrics`, for Prometheus to read"),
  TRUNCATE_WINDOW: honoured,
  VERIFICATION_CACHE_DURATION: none("a changed resource counts at once in all processes"),
  WORKER_TIMEOUT: honoured,
};

/** The table as a Markdown page. */
export function referenceSettingsPage(): string {
  const rows = [
    ["setting", "here"] as const,
    ...Object.entries(REFERENCE_SETTINGS).map(([name, fate]) =>
      [`\`${name}\``, fateText(fate)] as const
    ),
  ];
  const nameWidth = Math.max(...rows.map(([name]) => name.length));
  const textWidth = Math.max(...rows.map(([, text]) => text.length));
  const [head = "", ...lines] = rows.map(([name, text]) =>
    `| ${name.padEnd(nameWidth)} | ${text.padEnd(textWidth)} |`
  );
  const rule = `| ${"-".repeat(nameWidth)} | ${"-".repeat(textWidth)} |`;
  return `# Settings of the reference server

What becomes of each setting of the reference server here. This page is made from the program's own table.

${[head, rule, ...lines].join("\n")}
`;
}

function fateText(fate: SettingFate): string {
  switch (fate.kind) {
    case "honoured":
      return "honoured";
    case "renamed":
      return `honoured; its name here is \`${fate.name}\``;
    case "none":
      return `without effect: ${fate.reason}`;
    case "platform":
      return "without effect: the platform sets it, and nothing depends on it";
    case "refused":
      return `a value other than \`${fate.harmless}\` is refused: ${fate.reason}`;
  }
}

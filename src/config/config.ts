import type { BlobSettings } from "../blob/open.ts";
import { AppError } from "../errors.ts";
import type { ImportSettings, MirrorSettings } from "../upstream/settings.ts";
import type { ExportSettings } from "../export/settings.ts";
import type { PublishSettings } from "../publish/settings.ts";
import type { CloudSettings } from "../cloud/settings.ts";
import { parseDatabaseUrl, SESSION_ATTRIBUTES } from "../store/database-url.ts";
import { type BackupSettings, backupSettings } from "./backup.ts";
import { blobSettings } from "./blob.ts";
import { cloudSettings } from "./cloud.ts";
import { type ConsoleSettings, consoleSettings } from "./console.ts";
import { decodeBase64 } from "../bytes/base64.ts";
import { type DatabaseSettings, databaseSettings, SSL_MODES } from "./database.ts";
import { unreadSettings } from "./unread-settings.ts";
import { LOG_LEVELS, type LogLevel } from "../observe/log.ts";
import type { TlsIdentity } from "../runtime/runtime.ts";
import {
  type Environment,
  EnvironmentReader,
  namedSecret,
  type ResolvedSecrets,
  type Secret,
  type SettingShown,
} from "./environment.ts";
import { type EfgsSettings, efgsSettings } from "./efgs.ts";
import { exportSettings, upstreamSettings } from "./export.ts";
import { type KeySettings, keySettings } from "./keys.ts";
import { clientIdentity, type ServerTls, serverTls } from "./tls.ts";
import { secretSettings } from "./secrets.ts";
import { publishSettings, type RevisionSettings, revisionSettings } from "./publish.ts";

/** What one process does. */
export type Role = "publish" | "export" | "federation" | "jobs" | "console" | "efgs";
export const ROLES: readonly Role[] = [
  "publish",
  "export",
  "federation",
  "jobs",
  "console",
  "efgs",
];
/** What a process does unless told: everything but being a gateway of the European kind. */
const DEFAULT_ROLES: readonly Role[] = ROLES.filter((role) => role !== "efgs");

/** Settings of a process. Times are in the unit of the name. */
export type Config = {
  readonly host: string;
  readonly port: number;
  /** TLS_CERT_FILE, TLS_KEY_FILE, TLS_CLIENT_CA_FILE: PEM texts. Absent: cleartext, behind a proxy. */
  readonly tls?: ServerTls;
  /** TLS_CLIENT_CERT_FILE and TLS_CLIENT_KEY_FILE: what peers are shown that ask for a certificate. */
  readonly clientIdentity?: TlsIdentity;
  /** How others reach us, without a slash at the end. */
  readonly publicUrl: string;
  /** Our name towards peers. */
  readonly serverId: string;
  readonly roles: readonly Role[];
  readonly dataDirectory: string;
  /** Absent: the embedded database. */
  readonly databaseUrl?: string;
  /** Its password as it is now, when that is in a file or with a secret manager; asked for with each connection. */
  readonly databasePassword?: Secret;
  /** How that is reached. */
  readonly databaseReach: DatabaseSettings;
  readonly migrateOnStart: boolean;
  readonly logLevel: LogLevel;
  readonly jobIntervalMs: number;
  /** TRUNCATE_WINDOW and WINDOW_GRACE. */
  readonly windows: { readonly windowSeconds: number; readonly graceSeconds: number };
  /** Bound on each statement of a request. */
  readonly statementTimeoutMs: number;
  readonly exportBucket: string;
  /** Peers, imports and key documents on private addresses. */
  readonly peerAllowPrivate: boolean;
  /** PEER_MAX_KEYS_PER_SECOND: keys that one peer may push to us. */
  readonly peerMaxKeysPerSecond: number;
  readonly cloud: CloudSettings;
  readonly keys: KeySettings;
  readonly blobs: BlobSettings;
  readonly publish: PublishSettings;
  /** ATTESTATION_DEVELOPMENT: resources may say `development: true` in their attestation. */
  readonly attestationDevelopment: boolean;
  readonly revision: RevisionSettings;
  readonly export: ExportSettings;
  readonly import: ImportSettings;
  readonly mirror: MirrorSettings;
  readonly console: ConsoleSettings;
  readonly efgs: EfgsSettings;
  readonly backup: BackupSettings;
};

/** Secrets, apart from settings so that nobody prints them by accident. */
export type Secrets = {
  readonly adminToken: Secret;
  /** Opens `/metrics` alone. */
  readonly metricsToken: Secret;
  readonly masterKey: Secret;
  /** The secret that a resource names: `NAME`, or what the file in `NAME_FILE` holds. Throws when that cannot be read. */
  readonly named: (name: string) => string | undefined;
};

/** Everything that the environment says. */
export type Configuration = {
  readonly config: Config;
  readonly secrets: Secrets;
  readonly shown: readonly SettingShown[];
  /** What of the environment has no effect, a line each. */
  readonly warnings: readonly string[];
};

/** A statement may take this long at most, however generous WINDOW_GRACE is. */
const MAX_STATEMENT_MS = 10_000;
const MIN_STATEMENT_MS = 500;

/**
 * Reads and checks all settings; `resolved` are those that a secret manager holds. Throws `invalid_configuration`
 * with every mistake, one a line.
 */
export function readConfiguration(
  environment: Environment,
  resolved?: ResolvedSecrets,
): Configuration {
  const read = new EnvironmentReader(environment, resolved);
  const host = read.text("HOST", "127.0.0.1");
  const port = read.integer("PORT", 8080, { max: 65_535 });
  const graceSeconds = read.seconds("WINDOW_GRACE", "1m", { min: "1s", max: "1h" });
  const roles = read.someOf("ROLES", ROLES, DEFAULT_ROLES);
  const tls = serverTls(read, roles.includes("efgs"));
  const identity = clientIdentity(read);
  const publicUrl = read.url(
    "PUBLIC_URL",
    `${tls === undefined ? "http" : "https"}://${host.includes(":") ? `[${host}]` : host}:${port}`,
    ["https:", "http:"],
  ).replace(/\/+$/, "");
  const databaseUrl = databaseUrlOf(read);
  const windows = {
    windowSeconds: read.seconds("TRUNCATE_WINDOW", "1h", { min: "1s", max: "24h" }),
    graceSeconds,
  };
  const dataDirectory = read.text("DATA_DIR", "./data");
  const publish = publishSettings(read, windows.windowSeconds);
  const exports = exportSettings(read, windows);
  const exportBucket = read.text("EXPORT_BUCKET", "exports");
  const cloud = cloudSettings(read);
  // Used before this, to resolve secrets; told and checked here like all others.
  secretSettings(read);
  const config: Config = {
    host,
    port,
    ...(tls === undefined ? {} : { tls }),
    ...(identity === undefined ? {} : { clientIdentity: identity }),
    publicUrl,
    serverId: read.url("SERVER_ID", publicUrl, ["https:", "http:"]),
    roles,
    dataDirectory,
    ...(databaseUrl === undefined ? {} : { databaseUrl, ...databasePassword(read) }),
    migrateOnStart: read.flag("MIGRATE_ON_START", true),
    databaseReach: databaseSettings(read, databaseUrl),
    logLevel: logLevelOf(read),
    jobIntervalMs: read.milliseconds("JOB_INTERVAL", "1m", { min: "100ms", max: "24h" }),
    windows,
    statementTimeoutMs: Math.min(
      MAX_STATEMENT_MS,
      Math.max(MIN_STATEMENT_MS, graceSeconds * 500),
    ),
    exportBucket,
    peerAllowPrivate: read.flag("PEER_ALLOW_PRIVATE", false),
    peerMaxKeysPerSecond: read.integer("PEER_MAX_KEYS_PER_SECOND", 100_000, { min: 1 }),
    cloud,
    keys: keySettings(read),
    blobs: blobSettings(read, dataDirectory, cloud),
    publish,
    attestationDevelopment: read.flag("ATTESTATION_DEVELOPMENT", false),
    revision: revisionSettings(read),
    export: exports,
    ...upstreamSettings(read, exports, publish.maxKeyAgeSeconds),
    console: consoleSettings(read, publicUrl),
    efgs: efgsSettings(read),
    backup: backupSettings(read, exportBucket),
  };
  const secrets: Secrets = {
    adminToken: read.secret("ADMIN_TOKEN"),
    metricsToken: read.secret("METRICS_TOKEN"),
    masterKey: read.secret("MASTER_KEY"),
    named: (name) => namedSecret(environment, name),
  };
  const strict = read.flag("SETTINGS_STRICT", false);
  const warnings = judgeUnread(read, environment, strict);
  if (read.faults.length > 0) {
    throw new AppError("invalid_configuration", read.faults.join("\n"));
  }
  return { config, secrets, shown: read.shown, warnings };
}

function databasePassword(read: EnvironmentReader): Pick<Config, "databasePassword"> {
  const url = read.secret("DATABASE_URL");
  if (read.changes("DATABASE_URL")) {
    return {
      databasePassword: async () =>
        decodeURIComponent(
          new URL(parseDatabaseUrl(await url() ?? "")?.url ?? "postgres:").password,
        ),
    };
  }
  return read.secretText("DATABASE_URL") === undefined && read.changes("DB_PASSWORD")
    ? { databasePassword: read.secret("DB_PASSWORD") }
    : {};
}

/** Adds what must be mended to the mistakes; answers the rest. */
function judgeUnread(
  read: EnvironmentReader,
  environment: Environment,
  strict: boolean,
): readonly string[] {
  const master = read.secretText("MASTER_KEY");
  if (master !== undefined && decodeBase64(master)?.length !== 32) {
    read.refuse(
      "MASTER_KEY",
      'must be base64 of 32 bytes: make one with "openssl rand -base64 32"',
    );
  }
  const { refusals, warnings } = unreadSettings(environment, read.asked);
  read.faults.push(...refusals, ...(strict ? warnings : []));
  return warnings;
}

/** The reference server's levels too: they are those of its cloud. */
function logLevelOf(read: EnvironmentReader): LogLevel {
  const level = read.oneOf("LOG_LEVEL", [...LOG_LEVELS, ...LEVEL_ALIASES], "info");
  if (level === "warning") return "warn";
  return level === "critical" || level === "alert" || level === "emergency" ? "error" : level;
}

const LEVEL_ALIASES = ["warning", "critical", "alert", "emergency"] as const;

/** DATABASE_URL, or a URL made of the reference server's DB_… settings. */
function databaseUrlOf(read: EnvironmentReader): string | undefined {
  const pooler = read.oneOf("DATABASE_POOLER", ["none", "transaction"], "none");
  read.secret("DATABASE_URL");
  const url = read.secretText("DATABASE_URL");
  if (url !== undefined) {
    if (parseDatabaseUrl(url) !== undefined) return pooledUrl(withParts(read, url), pooler);
    read.refuse(
      "DATABASE_URL",
      "must be a URL such as postgres://user:password@host:5432/name; several hosts are joined by commas, and " +
        `target_session_attrs is one of ${SESSION_ATTRIBUTES.join(", ")}`,
    );
    return undefined;
  }
  const host = read.optional("DB_HOST");
  if (host === undefined) return undefined;
  const made = new URL(`postgres://localhost/${encodeURIComponent(read.text("DB_NAME", "main"))}`);
  read.secret("DB_PASSWORD");
  made.username = encodeURIComponent(read.text("DB_USER", "postgres"));
  made.password = encodeURIComponent(read.secretText("DB_PASSWORD") ?? "");
  made.hostname = host;
  // A URL keeps its host when it cannot take another.
  if (made.hostname !== host) {
    read.refuse("DB_HOST", "must be a host name or an IPv4 address; for others set DATABASE_URL");
  }
  made.port = String(read.integer("DB_PORT", 5432, { min: 1, max: 65_535 }));
  made.searchParams.set("sslmode", read.oneOf("DB_SSLMODE", SSL_MODES, "require"));
  return pooledUrl(made.href, pooler);
}

function pooledUrl(url: string, pooler: "none" | "transaction"): string {
  if (pooler === "none") return url;
  return `${url}${url.includes("?") ? "&" : "?"}prepare=false`;
}

/** The URL, with DB_PASSWORD and DB_SSLMODE where it says nothing of them. */
function withParts(read: EnvironmentReader, text: string): string {
  // Several hosts are no URL to the standard: such a text says everything itself.
  if (!URL.canParse(text)) return text;
  const url = new URL(text);
  const password = url.password === "" ? read.secretText("DB_PASSWORD") : undefined;
  const mode = url.searchParams.has("sslmode") ? undefined : read.optional("DB_SSLMODE");
  if (password === undefined && mode === undefined) return text;
  if (password !== undefined) url.password = encodeURIComponent(password);
  if (mode !== undefined) {
    url.searchParams.set("sslmode", read.oneOf("DB_SSLMODE", SSL_MODES, "require"));
  }
  return url.href;
}

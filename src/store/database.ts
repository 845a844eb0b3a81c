import postgres from "postgres";
import { AppError } from "../errors.ts";
import { guardTransactions } from "./guarded-begin.ts";
import { parseDatabaseUrl } from "./database-url.ts";
import { hostChoice } from "./host-choice.ts";
import { type SilenceWatch, watchSilence } from "./silence-watch.ts";
import type { Sql } from "./sql.ts";
import { watchedSocket } from "./watched-socket.ts";

/** The database as the store's files see it. */
export type Database = {
  /** For requests: statements are canceled after `statementTimeoutMs`. */
  readonly sql: Sql;
  /** For background work: a few connections with a long time-out, so that jobs never starve requests. */
  readonly bulk: Sql;
  /** Bound on each statement of a request, in milliseconds. */
  readonly statementTimeoutMs: number;
  /** Whether there is a pooler in between that gives each transaction another connection. */
  readonly pooled: boolean;
  /** How long a statement of a request may take before its connection is dropped, in milliseconds. */
  readonly answerWithinMs: number;
  /** Connections of each pool. */
  connections(): Readonly<Record<"requests" | "background", ReturnType<SilenceWatch["counts"]>>>;
  /** Closes all connections; busy ones get `timeoutSeconds` to finish. */
  close(timeoutSeconds?: number): Promise<void>;
};

/** The location of PostgreSQL: a URL (see {@link parseDatabaseUrl}), or the folder of its unix socket. */
export type DatabaseAddress =
  | {
    readonly kind: "url";
    readonly url: string;
    /** Replaces the password in the URL; called for each connection. */
    readonly password?: () => Promise<string | undefined>;
    readonly tls?: DatabaseTls;
  }
  | {
    readonly kind: "socket";
    readonly folder: string;
    readonly user: string;
    readonly password: string;
    readonly database: string;
  };

/** TLS for the database connection; PEM texts. */
export type DatabaseTls = {
  /** Trusted authorities, in place of the runtime's. */
  readonly ca?: string;
  /** The client certificate, for a database that requests one. */
  readonly cert?: string;
  readonly key?: string;
  /** What to check in the database's certificate. */
  readonly verify: "name" | "chain" | "nothing";
};

/** Bounds on connections; absent ones have defaults. */
export type DatabasePool = {
  readonly connectTimeoutSeconds?: number;
  readonly idleSeconds?: number;
  readonly lifetimeSeconds?: number;
  /** Connections for requests. */
  readonly connections?: number;
};

/** Options of {@link openDatabase}. */
export type DatabaseOptions = {
  readonly address: DatabaseAddress;
  /** Connections for requests. Default 16. */
  readonly connections?: number;
  /** Connections for background work. Default 6. */
  readonly bulkConnections?: number;
  /** Bound on each statement of a request, in milliseconds: half of WINDOW_GRACE, at most 10,000. */
  readonly statementTimeoutMs: number;
  readonly pool?: DatabasePool;
};

/** How much longer than its limit on the server a statement may take before its connection is dropped. */
const ANSWER_GRACE_MS = 1000;
/** Time limit for opening a connection, in seconds: name lookup, TCP, TLS and authentication. */
const CONNECT_TIMEOUT_SECONDS = 5;
/** Bound on each statement of background work, in milliseconds. */
const BULK_STATEMENT_TIMEOUT_MS = 300_000;

const elapsedMs = (): number => performance.now();

const INT8 = { to: 20, from: [20], parse: Number, serialize: String };

/**
 * Opens the pools. Connections are opened on first use; {@link checkDatabase} opens one.
 * Sets every option, so that PG… environment variables have no effect.
 */
export function openDatabase(options: DatabaseOptions): Database {
  const watch = (timeoutMs: number) => watchSilence(timeoutMs + ANSWER_GRACE_MS, elapsedMs);
  const requests = watch(options.statementTimeoutMs);
  const background = watch(BULK_STATEMENT_TIMEOUT_MS);
  const pool = (max: number, statementTimeoutMs: number, watched: SilenceWatch): Sql =>
    connect(options.address, {
      max,
      idle_timeout: options.pool?.idleSeconds ?? 60,
      connect_timeout: options.pool?.connectTimeoutSeconds ?? CONNECT_TIMEOUT_SECONDS,
      max_lifetime: options.pool?.lifetimeSeconds ?? 3600,
      fetch_types: true,
      onnotice: () => {},
      types: { int8: INT8 },
      session: {
        statement_timeout: statementTimeoutMs,
        idle_in_transaction_session_timeout: statementTimeoutMs,
        lock_timeout: Math.max(1, Math.floor(statementTimeoutMs / 2)),
        TimeZone: "UTC",
        // The closed-window watermark requires that every statement sees what was committed before it began.
        default_transaction_isolation: "read committed",
      },
    }, watched);
  const sql = pool(
    options.connections ?? options.pool?.connections ?? 16,
    options.statementTimeoutMs,
    requests,
  );
  const bulk = pool(options.bulkConnections ?? 6, BULK_STATEMENT_TIMEOUT_MS, background);
  return {
    sql,
    bulk,
    statementTimeoutMs: options.statementTimeoutMs,
    pooled: options.address.kind === "url" &&
      parseDatabaseUrl(options.address.url)?.pooled === true,
    answerWithinMs: options.statementTimeoutMs + ANSWER_GRACE_MS,
    connections: () => ({ requests: requests.counts(), background: background.counts() }),
    close: async (timeoutSeconds = 5) => {
      await Promise.all([
        sql.end({ timeout: timeoutSeconds }),
        bulk.end({ timeout: timeoutSeconds }),
      ]);
    },
  };
}

/** Session settings by name. */
type Session = Readonly<Record<string, string | number>>;
type DriverOptions = postgres.Options<{ int8: postgres.PostgresType<number> }> & {
  readonly session?: Session;
};

function connect(
  address: DatabaseAddress,
  { session = {}, ...options }: DriverOptions,
  watch?: SilenceWatch,
): Sql {
  const url = address.kind === "url" ? parseDatabaseUrl(address.url) : undefined;
  const several = url !== undefined && url.hosts.length + Number(url.session !== "any") > 1;
  const rotating = address.kind === "url" ? address.password : undefined;
  const password = rotating && (async (): Promise<string> => await rotating() ?? "");
  const choose = several ? hostChoice(url, elapsedMs, password) : undefined;
  const pooled = url?.pooled === true;
  const given = {
    ...options,
    // A statement is prepared on one connection, but a pooler may run it on another.
    prepare: !pooled,
    connection: { application_name: "wayfarer", ...(pooled ? {} : session) },
    ...(password === undefined ? {} : { password }),
    ...(watch === undefined ? {} : { socket: watchedSocket(watch, choose) }),
  };
  if (address.kind === "url") {
    const local = pooled ? localSettings(session) : undefined;
    const { tls } = address;
    const secured = tls === undefined ? given : { ...given, ssl: tlsOptions(tls) };
    return guardTransactions(postgres(url?.url ?? address.url, secured), local);
  }
  return guardTransactions(postgres({
    ...given,
    path: `${address.folder}/.s.PGSQL.5432`,
    host: address.folder,
    port: 5432,
    user: address.user,
    password: address.password,
    database: address.database,
    ssl: false,
  }));
}

/** SQL that applies the session settings to one transaction, for sessions shared through a pooler. */
function localSettings(session: Session): string {
  const settings = Object.entries(session).map(([name, value]) => `set local ${name} = '${value}'`);
  return settings.join("; ");
}

function tlsOptions({ verify, ...pem }: DatabaseTls): object {
  return {
    ...pem,
    rejectUnauthorized: verify !== "nothing",
    ...(verify === "chain" ? { checkServerIdentity: () => undefined } : {}),
  };
}

/** Opens a single connection outside the pools, for locks that live as long as the connection. */
export function openConnection(address: DatabaseAddress): Sql {
  return connect(address, {
    max: 1,
    idle_timeout: 0,
    connect_timeout: 5,
    fetch_types: false,
    backoff: () => 0,
    onnotice: () => {},
    types: { int8: INT8 },
  });
}

/** The oldest supported PostgreSQL: 14. */
const OLDEST_SERVER_VERSION = 140_000;

/** The SQLSTATE of a pooler that refuses session settings. */
const PROTOCOL_VIOLATION = "08P01";
const NOT_OURS =
  "a pooler between this server and PostgreSQL does not keep the settings of a session: set DATABASE_POOLER=transaction, " +
  "or let DATABASE_URL name PostgreSQL itself";

/**
 * Makes one round trip. Throws `database_unavailable` with the setting to change; also for a server that is too old,
 * and for a pooler that is not configured.
 */
export async function checkDatabase({ sql, pooled, statementTimeoutMs }: Database): Promise<void> {
  const [found] = await sql<{ version: number; timeout: number; isolation: string }[]>`
    select current_setting('server_version_num')::int as version,
           current_setting('default_transaction_isolation') as isolation,
           (select setting::int from pg_settings where name = 'statement_timeout') as timeout`
    .catch((cause: unknown) => {
      throw unreachable(cause);
    });
  const { version = 0, timeout = 0, isolation = "" } = found ?? {};
  if (version < OLDEST_SERVER_VERSION) {
    throw new AppError(
      "database_unavailable",
      `DATABASE_URL names a PostgreSQL of version ${
        Math.floor(version / 10_000)
      }: 14 or later is needed`,
    );
  }
  if (!pooled && timeout !== statementTimeoutMs) {
    throw new AppError("database_unavailable", NOT_OURS);
  }
  if (isolation !== "read committed") {
    throw new AppError(
      "database_unavailable",
      `default_transaction_isolation is "${isolation}" for this user: windows rely on "read committed", ` +
        "so set it with ALTER ROLE",
    );
  }
}

function unreachable(cause: unknown): AppError {
  if (cause instanceof AppError) return cause;
  const refused = sqlState(cause) === PROTOCOL_VIOLATION;
  return new AppError("database_unavailable", refused ? NOT_OURS : unreachableText(cause), {
    cause,
  });
}

function unreachableText(cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (/CERT|SIGNED|ISSUER|ALTNAME/.test(code)) {
    return "the certificate of the database is not trusted: set DB_SSLROOTCERT to the file of its authority, and " +
      "use the certificate's host name in DATABASE_URL or DB_HOST";
  }
  if (code === "28P01" || code === "28000") {
    return "the database refuses the user or password: check those of DATABASE_URL, or DB_USER and DB_PASSWORD";
  }
  return "the database cannot be reached: check DATABASE_URL, and that PostgreSQL accepts connections";
}

/** SQLSTATE of a unique violation. */
export const UNIQUE_VIOLATION = "23505";

/** The SQLSTATE of an error from PostgreSQL; undefined for any other error. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof postgres.PostgresError ? error.code : undefined;
}

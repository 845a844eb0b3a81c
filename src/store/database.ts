import postgres from "postgres";
import { AppError } from "../errors.ts";
import { guardTransactions } from "./guarded-begin.ts";
import type { Sql } from "./sql.ts";

/** The database as the store's files see it. */
export type Database = {
  /** For requests: statements are ended after `statementTimeoutMs`. */
  readonly sql: Sql;
  /** For background work: a few connections with a long time-out, so that jobs never starve requests. */
  readonly bulk: Sql;
  /** Ends all connections; those that work get `timeoutSeconds`. */
  close(timeoutSeconds?: number): Promise<void>;
};

/** Where PostgreSQL is: a URL (`postgres://…`), or the folder of its unix socket. */
export type DatabaseAddress =
  | {
    readonly kind: "url";
    readonly url: string;
    /** In place of the one in the URL, asked for with each connection. */
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

/** TLS towards the database; PEM texts. */
export type DatabaseTls = {
  /** Authorities that are trusted, in place of the runtime's. */
  readonly ca?: string;
  /** What the database is shown that asks for a certificate. */
  readonly cert?: string;
  readonly key?: string;
  /** What of the database's certificate must be right. */
  readonly verify: "name" | "chain" | "nothing";
};

/** Bounds on connections; what is absent has a default. */
export type DatabasePool = {
  readonly connectTimeoutSeconds?: number;
  readonly idleSeconds?: number;
  readonly lifetimeSeconds?: number;
  /** Connections for requests. */
  readonly connections?: number;
};

/** How to use it. */
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

/** Bound on each statement of background work, in milliseconds. */
const BULK_STATEMENT_TIMEOUT_MS = 300_000;

const INT8 = { to: 20, from: [20], parse: Number, serialize: String };

/**
 * Opens the pools. Connections are made on first use; {@link checkDatabase} makes one.
 * Every option is given, so that PG… variables of the environment cannot surprise.
 */
export function openDatabase(options: DatabaseOptions): Database {
  const pool = (max: number, statementTimeoutMs: number): Sql =>
    connect(options.address, {
      max,
      idle_timeout: options.pool?.idleSeconds ?? 60,
      connect_timeout: options.pool?.connectTimeoutSeconds ?? 10,
      max_lifetime: options.pool?.lifetimeSeconds ?? 3600,
      prepare: true,
      fetch_types: true,
      onnotice: () => {},
      types: { int8: INT8 },
      connection: {
        application_name: "wayfarer",
        statement_timeout: statementTimeoutMs,
        idle_in_transaction_session_timeout: statementTimeoutMs,
        lock_timeout: Math.max(1, Math.floor(statementTimeoutMs / 2)),
        TimeZone: "UTC",
        // The floor of windows relies on every statement seeing what was committed before it began.
        default_transaction_isolation: "read committed",
      },
    });
  const sql = pool(
    options.connections ?? options.pool?.connections ?? 16,
    options.statementTimeoutMs,
  );
  const bulk = pool(options.bulkConnections ?? 6, BULK_STATEMENT_TIMEOUT_MS);
  return {
    sql,
    bulk,
    close: async (timeoutSeconds = 5) => {
      await Promise.all([
        sql.end({ timeout: timeoutSeconds }),
        bulk.end({ timeout: timeoutSeconds }),
      ]);
    },
  };
}

function connect(
  address: DatabaseAddress,
  options: postgres.Options<{ int8: postgres.PostgresType<number> }>,
): Sql {
  if (address.kind === "url") {
    const { url, password, tls } = address;
    return guardTransactions(postgres(url, {
      ...options,
      ...(tls === undefined ? {} : { ssl: tlsOptions(tls) }),
      ...(password === undefined ? {} : { password: async () => await password() ?? "" }),
    }));
  }
  return guardTransactions(postgres({
    ...options,
    path: `${address.folder}/.s.PGSQL.5432`,
    host: address.folder,
    port: 5432,
    user: address.user,
    password: address.password,
    database: address.database,
    ssl: false,
  }));
}

function tlsOptions({ verify, ...pem }: DatabaseTls): object {
  return {
    ...pem,
    rejectUnauthorized: verify !== "nothing",
    ...(verify === "chain" ? { checkServerIdentity: () => undefined } : {}),
  };
}

/** A single connection outside the pools, for locks that live as long as it. */
export function openConnection(address: DatabaseAddress): Sql {
  return connect(address, {
    max: 1,
    idle_timeout: 0,
    connect_timeout: 5,
    fetch_types: false,
    backoff: () => 0,
    onnotice: () => {},
    types: { int8: INT8 },
    connection: { application_name: "wayfarer" },
  });
}

/** The oldest PostgreSQL that works: 14. */
const OLDEST_SERVER_VERSION = 140_000;

/** Makes one round trip. Throws `database_unavailable` with the setting to mend, also for a server that is too old. */
export async function checkDatabase(database: Database): Promise<void> {
  let version: number;
  try {
    const [found] = await database.sql<{ version: number }[]>`
      select current_setting('server_version_num')::int as version`;
    version = found?.version ?? 0;
  } catch (cause) {
    throw new AppError("database_unavailable", unreachableText(cause), { cause });
  }
  if (version < OLDEST_SERVER_VERSION) {
    throw new AppError(
      "database_unavailable",
      `DATABASE_URL names a PostgreSQL of version ${
        Math.floor(version / 10_000)
      }: 14 or later is needed`,
    );
  }
}

function unreachableText(cause: unknown): string {
  const code = cause instanceof Error && "code" in cause ? String(cause.code) : "";
  if (/CERT|SIGNED|ISSUER|ALTNAME/.test(code)) {
    return "the certificate of the database is not trusted: set DB_SSLROOTCERT to the file of its authority, and " +
      "name the host in DATABASE_URL or DB_HOST as the certificate does";
  }
  if (code === "28P01" || code === "28000") {
    return "the database refuses the user or password: check those of DATABASE_URL, or DB_USER and DB_PASSWORD";
  }
  return "the database cannot be reached: check DATABASE_URL, and that PostgreSQL accepts connections";
}

/** SQLSTATE of a unique violation. */
export const UNIQUE_VIOLATION = "23505";

/** The SQLSTATE of an error that PostgreSQL answered; undefined for any other. */
export function sqlState(error: unknown): string | undefined {
  return error instanceof postgres.PostgresError ? error.code : undefined;
}

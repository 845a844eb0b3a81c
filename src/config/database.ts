import { X509Certificate } from "node:crypto";
import type { DatabasePool, DatabaseTls } from "../store/database.ts";
import type { EnvironmentReader } from "./environment.ts";

/** How a database that DATABASE_URL or DB_HOST names is reached. */
export type DatabaseSettings = { readonly tls?: DatabaseTls; readonly pool: DatabasePool };

type SslMode = "disable" | "allow" | "prefer" | "require" | "verify-ca" | "verify-full";
/** Values of `sslmode`, as libpq has them. */
export const SSL_MODES: readonly SslMode[] = [
  "disable",
  "allow",
  "prefer",
  "require",
  "verify-ca",
  "verify-full",
];

/** DB_SSL…, DB_CONNECT_TIMEOUT and DB_POOL_…: they count for a DATABASE_URL too. */
export function databaseSettings(
  read: EnvironmentReader,
  url: string | undefined,
): DatabaseSettings {
  const ca = read.file("DB_SSLROOTCERT");
  const cert = read.file("DB_SSLCERT");
  const key = read.file("DB_SSLKEY");
  if ((cert === undefined) !== (key === undefined)) {
    read.refuse("DB_SSLCERT", "and DB_SSLKEY must be set together");
  }
  if (ca !== undefined && !isCertificate(ca)) {
    read.refuse(
      "DB_SSLROOTCERT",
      "must name a PEM file of certificates: give that of the authority",
    );
  }
  const found = url === undefined ? undefined : new URL(url).searchParams.get("sslmode");
  const mode = SSL_MODES.find((one) => one === found) ?? "require";
  const pool = poolSettings(read);
  if (ca === undefined && cert === undefined) return { pool };
  if (mode === "disable") {
    read.refuse(
      "DB_SSLMODE",
      "is disable, which DB_SSLROOTCERT and DB_SSLCERT contradict: set verify-full",
    );
    return { pool };
  }
  return {
    pool,
    tls: {
      ...(ca === undefined ? {} : { ca }),
      ...(cert === undefined || key === undefined ? {} : { cert, key }),
      // As libpq has it: with a root certificate, `require` checks the chain, but not the name.
      verify: mode === "verify-full" ? "name" : ca === undefined ? "nothing" : "chain",
    },
  };
}

function poolSettings(read: EnvironmentReader): DatabasePool {
  return {
    connectTimeoutSeconds: read.integer("DB_CONNECT_TIMEOUT", 10, { min: 1, max: 300 }),
    idleSeconds: read.seconds("DB_POOL_MAX_CONN_IDLE_TIME", "1m", { min: "1s", max: "24h" }),
    lifetimeSeconds: read.seconds("DB_POOL_MAX_CONN_LIFETIME", "1h", { min: "10s", max: "24h" }),
    connections: read.integer("DB_POOL_MAX_CONNS", 16, { min: 1, max: 1000 }),
  };
}

function isCertificate(pem: string): boolean {
  try {
    return new X509Certificate(pem).subject !== undefined;
  } catch {
    return false;
  }
}

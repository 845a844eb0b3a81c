import { randomBytes } from "node:crypto";
import { afterAll, beforeAll, inject } from "vitest";
import { type Database, type DatabaseAddress, openDatabase } from "../../src/store/database.ts";
import { databaseNamed, TEMPLATE_DATABASE } from "./postgres-cluster.ts";

/** A database of a test file's own, with the newest schema and a clock that the test sets. */
export type TestDatabase = Database & {
  readonly address: DatabaseAddress;
  /** Stops the database's clock at this second, or lets it run again. */
  setClock(seconds: number | undefined): Promise<void>;
  /** Empties every table that a test may have filled. */
  clear(): Promise<void>;
};

/** Makes a fresh database, a clone of the template; `drop` removes it. */
export async function createDatabase(): Promise<TestDatabase & { drop(): Promise<void> }> {
  const cluster = inject("cluster");
  const name = `t_${randomBytes(6).toString("hex")}`;
  const server = openDatabase({
    address: cluster,
    statementTimeoutMs: 60_000,
    connections: 1,
    bulkConnections: 1,
  });
  await server.bulk.unsafe(`create database ${name} template ${TEMPLATE_DATABASE}`);
  const address = databaseNamed(cluster, name);
  const database = openDatabase({ address, statementTimeoutMs: 10_000 });
  return {
    ...database,
    address,
    setClock: async (seconds) => {
      const body = seconds === undefined
        ? "floor(extract(epoch from now()))::bigint"
        : `${Math.floor(seconds)}::bigint`;
      await database.bulk.unsafe(
        `create or replace function wayfarer_now() returns bigint language sql stable as $$ select ${body} $$`,
      );
    },
    clear: async () => {
      const tables = await database.bulk<{ name: string }[]>`
        select tablename as name from pg_tables
        where schemaname = 'public'
          and tablename not in ('schema_version', 'window_floor', 'resource_revision')`;
      await database.bulk.unsafe(
        `alter table audit_log disable trigger user;
         truncate ${tables.map((table) => table.name).join(", ")};
         alter table audit_log enable trigger user;
         update window_floor set closed_through = 0, next_closed_through = 0;
         update resource_revision set revision = 0`,
      );
    },
    drop: async () => {
      await database.close();
      await server.bulk.unsafe(`drop database if exists ${name} with (force)`);
      await server.close();
    },
  };
}

/** A database for the test file that calls this at its top level. */
export function useDatabase(): () => TestDatabase {
  let database: Awaited<ReturnType<typeof createDatabase>> | undefined;
  beforeAll(async () => {
    database = await createDatabase();
  });
  afterAll(async () => {
    await database?.drop();
  });
  return () => {
    if (database === undefined) throw new Error("the test database is there only inside tests");
    return database;
  };
}

/** Environment with which a process of the program works on it. */
export function databaseSettings(address: DatabaseAddress): Record<string, string> {
  if (address.kind === "url") return { DATABASE_URL: address.url };
  return {
    DATABASE_URL: `postgres:///${address.database}`,
    PGHOST: address.folder,
    PGUSER: address.user,
    PGPASSWORD: address.password,
  };
}

/** The name of the database at an address. */
export function databaseName(address: DatabaseAddress): string {
  return address.kind === "socket" ? address.database : new URL(address.url).pathname.slice(1);
}

import { setTimeout as delay } from "node:timers/promises";
import { AppError } from "../errors.ts";
import type { Database } from "./database.ts";
import type { Sql, Transaction } from "./sql.ts";
import { MIGRATIONS } from "./migrations/index.ts";
import type { Migration } from "./migrations/migration.ts";

/** The key of the advisory lock that lets one process migrate at a time. */
const MIGRATION_LOCK = 7_265_101;

/** The wait before another attempt to take the lock, in milliseconds. */
const LOCK_POLL_MS = 200;

/**
 * Migrates the schema to the newest version. Each migration is one transaction, and its lock ends with it, even behind
 * a pooler. Safe to call from several processes at once: they take turns. Returns the names of the applied migrations.
 * Throws `canceled` when the signal is aborted while it waits.
 */
export async function migrate(
  database: Database,
  migrations: readonly Migration[] = MIGRATIONS,
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const applied: string[] = [];
  for (;;) {
    const step = await database.bulk.begin((sql) => migrateOnce(sql, migrations));
    if (step === "done") return applied;
    if (step !== "locked") applied.push(step.applied);
    else await pause(signal);
  }
}

/** Applies the next migration, if there is one and no other process migrates. */
async function migrateOnce(
  sql: Transaction,
  migrations: readonly Migration[],
): Promise<"done" | "locked" | { readonly applied: string }> {
  const [lock] = await sql<{ held: boolean }[]>`
    select pg_try_advisory_xact_lock(${MIGRATION_LOCK}) as held`;
  if (lock?.held !== true) return "locked";
  await makeVersionTable(sql);
  const [next] = await pendingMigrations(sql, migrations);
  if (next === undefined) return "done";
  await apply(sql, next);
  return { applied: next.name };
}

async function apply(sql: Transaction, { version, name, sql: text }: Migration): Promise<void> {
  try {
    await sql.unsafe(text).simple();
    await sql`insert into schema_version (version, name) values (${version}, ${name})`;
  } catch (cause) {
    throw new AppError("database_unavailable", `migration ${version} (${name}) failed`, { cause });
  }
}

/** Creates the schema by these migrations if there is none, inside a transaction; other migrating processes wait. */
export async function applyMigrations(
  sql: Transaction,
  migrations: readonly Migration[],
): Promise<void> {
  await sql`select pg_advisory_xact_lock(${MIGRATION_LOCK})`;
  await makeVersionTable(sql);
  for (const migration of migrations) await apply(sql, migration);
}

async function makeVersionTable(sql: Transaction): Promise<void> {
  await sql`create table if not exists schema_version (
    version int primary key, name text not null, applied_at timestamptz not null default now())`;
}

async function pause(signal: AbortSignal | undefined): Promise<void> {
  await delay(LOCK_POLL_MS, undefined, signal === undefined ? {} : { signal }).catch(() => {
    throw new AppError("canceled", "another process migrates this database; nothing was changed");
  });
}

/**
 * Names of the migrations that are not applied yet. Throws `database_unavailable` when the schema is newer than this
 * program.
 */
export async function checkMigrations(
  database: Database,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<readonly string[]> {
  const [known] = await database.bulk<{ found: boolean }[]>`
    select to_regclass('schema_version') is not null as found`;
  if (known?.found !== true) return migrations.map((migration) => migration.name);
  return (await pendingMigrations(database.bulk, migrations)).map((migration) => migration.name);
}

async function pendingMigrations(
  sql: Sql | Transaction,
  migrations: readonly Migration[],
): Promise<readonly Migration[]> {
  const applied = await sql<{ version: number }[]>`select version from schema_version`;
  const done = new Set(applied.map((row) => row.version));
  const newest = Math.max(0, ...migrations.map((migration) => migration.version));
  const ahead = Math.max(0, ...done);
  if (ahead > newest) {
    throw new AppError(
      "database_unavailable",
      `the database's schema is version ${ahead}, this program knows ${newest}: start the newer program`,
    );
  }
  return migrations.filter((migration) => !done.has(migration.version));
}

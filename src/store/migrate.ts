import { AppError } from "../errors.ts";
import type { Database } from "./database.ts";
import type { Sql } from "./sql.ts";
import { MIGRATIONS } from "./migrations/index.ts";
import type { Migration } from "./migrations/migration.ts";

/** Only one process migrates at a time: the key of the advisory lock. */
const MIGRATION_LOCK = 7_265_101;

/**
 * Brings the schema to the newest version; each migration is one transaction. Safe to call from several
 * processes at once. Answers the names of what was applied.
 */
export async function migrate(
  database: Database,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<readonly string[]> {
  const connection = await database.bulk.reserve();
  try {
    await connection`select pg_advisory_lock(${MIGRATION_LOCK})`;
    try {
      await connection`create table if not exists schema_version (
        version int primary key, name text not null, applied_at timestamptz not null default now())`;
      const pending = await pendingMigrations(connection, migrations);
      for (const migration of pending) {
        await connection.unsafe(
          `begin;\n${migration.sql};\ninsert into schema_version (version, name) values (${migration.version}, '${migration.name}');\ncommit;`,
        ).catch(async (cause: unknown) => {
          await connection`rollback`;
          throw new AppError(
            "database_unavailable",
            `migration ${migration.version} (${migration.name}) failed`,
            { cause },
          );
        });
      }
      return pending.map((migration) => migration.name);
    } finally {
      await connection`select pg_advisory_unlock(${MIGRATION_LOCK})`;
    }
  } finally {
    connection.release();
  }
}

/** Names of the migrations that are not applied yet. Throws `database_unavailable` when the schema is newer than this program. */
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
  sql: Sql,
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

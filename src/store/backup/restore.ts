import { once } from "node:events";
import { finished } from "node:stream/promises";
import type { Writable } from "node:stream";
import { accept, AppError, type Outcome, refuse } from "../../errors.ts";
import type { Database } from "../database.ts";
import { applyMigrations } from "../migrate.ts";
import { MIGRATIONS } from "../migrations/index.ts";
import type { Sql, Transaction } from "../sql.ts";
import { schemaObjects } from "./schema-objects.ts";
import { quotedName, type SnapshotCounter, type SnapshotTable } from "./snapshot.ts";

/** What a database holds that something is to be restored into. */
export type RestoreTarget = {
  readonly database: string;
  /** It holds no resources and no exposures: nothing that somebody would miss. */
  readonly isEmpty: boolean;
  /** Other sessions of this program's: servers and commands that use it now. */
  readonly sessions: number;
};

/** What is to be restored. */
export type RestorePlan = {
  /** The version of the schema in which the rows were read. */
  readonly schema: number;
  /** A table comes after those that it refers to. */
  readonly tables: readonly SnapshotTable[];
};

/** Takes what is restored. */
export type RestoreSink = {
  /** Whole rows of a table, as COPY writes them in text form. */
  rows(table: string, bytes: Uint8Array): Promise<void>;
};

/** The name under which the program's connections are known to the database. */
const APPLICATION = "wayfarer";

/** What the database holds now. */
export async function restoreTarget(
  { sql, bulk }: Pick<Database, "sql" | "bulk">,
): Promise<RestoreTarget> {
  const [mine] = await sql<{ pid: number }[]>`select pg_backend_pid() as pid`;
  const [row] = await bulk<{ database: string; sessions: number }[]>`
    select current_database() as database, (
      select count(*)::int from pg_stat_activity
      where datname = current_database() and application_name = ${APPLICATION}
        and pid not in (pg_backend_pid(), ${mine?.pid ?? 0}::int)) as sessions`;
  if (row === undefined) throw new AppError("internal", "the database has no name");
  return { ...row, isEmpty: await isEmpty(bulk) };
}

async function isEmpty(sql: Sql): Promise<boolean> {
  for (const table of ["resource", "exposure"]) {
    const [there] = await sql<{ found: boolean }[]>`
      select to_regclass(${table}) is not null as found`;
    if (there?.found !== true) continue;
    const [first] = await sql.unsafe(`select 1 from ${quotedName(table)} limit 1`);
    if (first !== undefined) return false;
  }
  return true;
}

/**
 * Makes the database hold what `fill` gives, and nothing else of ours, in one transaction: when it is ended in the
 * middle, everything is as before. `fill` answers the counters that are to go on where they were. Refused with
 * `invalid_configuration` when the rows cannot be those of the schema.
 */
export async function restoreInto(
  { bulk }: Pick<Database, "bulk">,
  { schema, tables }: RestorePlan,
  fill: (sink: RestoreSink) => Promise<readonly SnapshotCounter[]>,
): Promise<Outcome<void>> {
  const migrations = MIGRATIONS.filter(({ version }) => version <= schema);
  const unknown = tables.find(({ name }) => !schemaObjects().tables.includes(name));
  if (unknown !== undefined) {
    return refuse("invalid_configuration", `there is no table "${unknown.name}"`);
  }
  await bulk.begin(async (sql) => {
    await sql`set local statement_timeout = 0`;
    await sql`set local idle_in_transaction_session_timeout = 0`;
    await dropOwn(sql);
    await applyMigrations(sql, migrations);
    // The audit log takes no rows but new ones, and those of the backup are chained already.
    for (const { name } of tables) {
      await sql.unsafe(`alter table ${quotedName(name)} disable trigger user`);
    }
    // Migrations insert rows of their own; those of the backup take their places.
    await sql.unsafe(`truncate ${tables.map(({ name }) => quotedName(name)).join(", ")}`);
    const known = new Map(tables.map((table) => [table.name, table]));
    const counters = await fill({
      rows: async (name, bytes) => {
        const table = known.get(name);
        if (table === undefined) throw new AppError("internal", "rows of an unknown table");
        await copyIn(sql, table, bytes);
      },
    });
    for (const { table, column, last } of counters) {
      await sql`select setval(pg_get_serial_sequence(${table}, ${column}), ${last}::bigint)`;
    }
    for (const { name } of tables) {
      await sql.unsafe(`alter table ${quotedName(name)} enable trigger user`);
    }
  });
  return accept(undefined);
}

/** Only what our own migrations make: the schema may be shared. */
async function dropOwn(sql: Transaction): Promise<void> {
  const { tables, functions } = schemaObjects();
  // Functions first: some take rows of tables.
  const found = await sql<{ statement: string }[]>`
    select format('drop function %s cascade', oid::regprocedure) as statement from pg_proc
    where pronamespace = current_schema()::regnamespace
      and proname = any(${sql.array([...functions], 25)}::text[])
    union all
    select format('drop table %I cascade', relname) from pg_class
    where relkind = 'r' and relnamespace = current_schema()::regnamespace
      and relname = any(${sql.array([...tables], 25)}::text[])`;
  for (const { statement } of found) await sql.unsafe(statement);
}

async function copyIn(sql: Transaction, table: SnapshotTable, bytes: Uint8Array): Promise<void> {
  const columns = table.columns.map(quotedName).join(", ");
  const stream: Writable = await sql.unsafe(
    `copy ${quotedName(table.name)} (${columns}) from stdin`,
  ).writable();
  const done = finished(stream);
  // Refused rows are told while they are sent.
  done.catch(() => {});
  for (let from = 0; from < bytes.length; from += SLICE_BYTES) {
    if (!stream.write(bytes.subarray(from, from + SLICE_BYTES))) {
      await Promise.race([once(stream, "drain"), done]);
    }
  }
  stream.end();
  await done;
}

const SLICE_BYTES = 256 * 1024;

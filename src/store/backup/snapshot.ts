import { AppError } from "../../errors.ts";
import { copyOut } from "../copy-out.ts";
import type { Database } from "../database.ts";
import type { Sql, Transaction } from "../sql.ts";
import { schemaObjects } from "./schema-objects.ts";

/** A table with its columns, in the order in which their values stand in its rows. */
export type SnapshotTable = { readonly name: string; readonly columns: readonly string[] };

/** A counter that makes the numbers of a column, and the last one that it made. */
export type SnapshotCounter = {
  readonly table: string;
  readonly column: string;
  readonly last: string;
};

/** Everything that the database held at one moment. */
export type Snapshot = {
  /** The version of the schema. */
  readonly schema: number;
  /** A table comes after those that it refers to. */
  readonly tables: readonly SnapshotTable[];
  readonly counters: readonly SnapshotCounter[];
  /** The rows of a table, each ending in a line feed, as COPY writes them in text form. One table at a time. */
  rows(table: SnapshotTable): AsyncIterable<Uint8Array>;
};

/**
 * Hands `work` a snapshot, which stays as it is while others write (repeatable read). Nobody waits for it and it waits
 * for nobody, except for changes of the schema. Throws `database_unavailable` when there is no schema.
 */
export async function withSnapshot<const T>(
  { bulk }: Pick<Database, "bulk">,
  work: (snapshot: Snapshot) => Promise<T>,
): Promise<T> {
  let answer: { readonly value: T } | undefined;
  await bulk.begin("isolation level repeatable read read only", async (sql) => {
    // It lasts as long as there is something to read.
    await sql`set local statement_timeout = 0`;
    await sql`set local idle_in_transaction_session_timeout = 0`;
    const schema = await schemaVersion(sql);
    const tables = await snapshotTables(sql);
    const counters = await snapshotCounters(sql);
    answer = {
      value: await work({ schema, tables, counters, rows: (table) => rowsOf(sql, table) }),
    };
  });
  if (answer === undefined) throw new AppError("internal", "the snapshot was not read");
  return answer.value;
}

async function schemaVersion(sql: Sql | Transaction): Promise<number> {
  const [there] = await sql<{ found: boolean }[]>`
    select to_regclass('schema_version') is not null as found`;
  const [row] = there?.found === true
    ? await sql<{ version: number | null }[]>`select max(version) as version from schema_version`
    : [];
  if (row?.version != null) return row.version;
  throw new AppError(
    "database_unavailable",
    "there is nothing to back up: this database has no schema of ours; see DATABASE_URL and DATA_DIR",
  );
}

async function snapshotTables(sql: Transaction): Promise<readonly SnapshotTable[]> {
  const { tables } = schemaObjects();
  const found = await sql<SnapshotTable[]>`
    select c.relname as name, array_agg(a.attname::text order by a.attnum) as columns
    from pg_class c
    join pg_attribute a on a.attrelid = c.oid
      and a.attnum > 0 and not a.attisdropped and a.attgenerated = ''
    where c.relkind = 'r' and c.relnamespace = current_schema()::regnamespace
      and c.relname = any(${sql.array([...tables], 25)}::text[])
    group by c.relname order by c.relname`;
  const references = await sql<{ child: string; parent: string }[]>`
    select distinct child.relname as child, parent.relname as parent
    from pg_constraint k
    join pg_class child on child.oid = k.conrelid
    join pg_class parent on parent.oid = k.confrelid
    where k.contype = 'f' and k.connamespace = current_schema()::regnamespace
      and child.oid <> parent.oid`;
  return parentsFirst(found, references);
}

function parentsFirst(
  tables: readonly SnapshotTable[],
  references: readonly { readonly child: string; readonly parent: string }[],
): readonly SnapshotTable[] {
  const ordered: SnapshotTable[] = [];
  const placed = new Set<string>();
  const place = (table: SnapshotTable): void => {
    if (placed.has(table.name)) return;
    placed.add(table.name);
    const parents = references.filter(({ child }) => child === table.name);
    for (const { parent } of parents) {
      const found = tables.find(({ name }) => name === parent);
      if (found !== undefined) place(found);
    }
    ordered.push(table);
  };
  tables.forEach(place);
  return ordered;
}

async function snapshotCounters(sql: Transaction): Promise<readonly SnapshotCounter[]> {
  const owned = await sql<{ table: string; column: string; sequence: string }[]>`
    select t.relname as table, a.attname as column, d.objid::regclass::text as sequence
    from pg_depend d
    join pg_class s on s.oid = d.objid and s.relkind = 'S'
    join pg_class t on t.oid = d.refobjid
    join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
    where d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i')
      and t.relnamespace = current_schema()::regnamespace
    order by t.relname, a.attname`;
  const counters: SnapshotCounter[] = [];
  // Few, and each is a relation of its own.
  for (const { table, column, sequence } of owned) {
    const [row] = await sql.unsafe<{ last: string; used: boolean }[]>(
      `select last_value::text as last, is_called as used from ${sequence}`,
    );
    if (row?.used === true) counters.push({ table, column, last: row.last });
  }
  return counters;
}

function rowsOf(sql: Transaction, table: SnapshotTable): AsyncIterable<Uint8Array> {
  const columns = table.columns.map(quotedName).join(", ");
  return copyOut(sql, `copy ${quotedName(table.name)} (${columns}) to stdout`);
}

/** A name as SQL has it. */
export function quotedName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

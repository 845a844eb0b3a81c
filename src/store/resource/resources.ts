import { AppError } from "../../errors.ts";
import type { Actor } from "../../model/actor.ts";
import { isKind, type Kind, KINDS, type Resource } from "../../model/resource/kinds.ts";
import { insertAudit } from "../admin/audit.ts";
import type { Database } from "../database.ts";
import type { Sql, Transaction } from "../sql.ts";

/** A resource with its version, which changes with every change of it. */
export type StoredResource = { readonly resource: Resource; readonly version: number };

/** What a change may do; it sees and holds all resources until it ends. */
export type ResourceChange = {
  readonly current: readonly StoredResource[];
  put(resources: readonly Resource[]): void;
  remove(resources: readonly { readonly kind: Kind; readonly name: string }[]): void;
};

/** Configuration, one row a resource. */
export type ResourceStore = {
  revision(): Promise<number>;
  all(): Promise<{ revision: number; resources: readonly StoredResource[] }>;
  /**
   * Decides on a change while no other can happen, then writes it with its audit entries, whole or not at all.
   * `decide` must be quick and must not ask the database.
   */
  change<T>(actor: Actor, decide: (change: ResourceChange) => T): Promise<T>;
};

type Row = { kind: string; name: string; version: number; body: unknown };

/** The store of resources. */
export function resourceStore(
  { sql }: Database,
  /** Called before each read of the revision; what it answers is told the database's time, in UTC seconds. */
  observeClock: () => (now: number) => void = () => () => {},
): ResourceStore {
  return {
    revision: async () => {
      const observe = observeClock();
      const [row] = await sql<{ revision: number; now: number }[]>`
        select revision, wayfarer_now() as now from resource_revision`;
      if (row === undefined) return 0;
      observe(row.now);
      return row.revision;
    },
    all: () =>
      sql.begin("isolation level repeatable read read only", async (transaction) => {
        const [row] = await transaction<
          { revision: number }[]
        >`select revision from resource_revision`;
        return { revision: row?.revision ?? 0, resources: await readAll(transaction) };
      }),
    change: async <T>(actor: Actor, decide: (change: ResourceChange) => T): Promise<T> => {
      const decided = await sql.begin(async (transaction) => {
        await transaction`select revision from resource_revision for update`;
        const current = await readAll(transaction);
        const puts: Resource[] = [];
        const removals: { kind: Kind; name: string }[] = [];
        const answer = decide({
          current,
          put: (resources) => puts.push(...resources),
          remove: (resources) => removals.push(...resources),
        });
        if (puts.length + removals.length > 0) {
          await write(transaction, actor, current, puts, removals);
        }
        return { answer };
      });
      return decided.answer;
    },
  };
}

async function readAll(sql: Sql | Transaction): Promise<readonly StoredResource[]> {
  const rows = await sql<Row[]>`select kind, name, version, body from resource order by kind, name`;
  return rows.flatMap((row) => {
    // A kind that only a newer version knows is left alone.
    if (!isKind(row.kind)) return [];
    const parsed = KINDS[row.kind].schema.safeParse(row.body);
    if (!parsed.success) {
      throw new AppError("internal", undefined, {
        cause: new Error(`the stored ${row.kind} ${row.name} does not fit its schema`),
      });
    }
    return [{ resource: parsed.data, version: row.version }];
  });
}

async function write(
  sql: Transaction,
  actor: Actor,
  current: readonly StoredResource[],
  puts: readonly Resource[],
  removals: readonly { kind: Kind; name: string }[],
): Promise<void> {
  const before = new Map(
    current.map(({ resource }) => [`${resource.kind}/${resource.name}`, resource]),
  );
  await sql`
    delete from resource where (kind, name) in (
      select gone->>'kind', gone->>'name' from jsonb_array_elements(${
    sql.json(removals)
  }) as gone)`;
  await sql`
    insert into resource (kind, name, version, body, updated_at)
    select put->>'kind', put->>'name', 1, put, wayfarer_now()
    from jsonb_array_elements(${JSON.stringify(puts)}::text::jsonb) as put
    on conflict (kind, name) do update
    set body = excluded.body, version = resource.version + 1, updated_at = excluded.updated_at`;
  const known = (gone: { kind: Kind; name: string }): Resource | undefined =>
    before.get(`${gone.kind}/${gone.name}`);
  await insertAudit(sql, actor, [
    ...removals.map((gone) => ({ action: "delete", ...gone, before: known(gone) })),
    ...puts.map((put) => ({
      action: "put",
      kind: put.kind,
      name: put.name,
      before: known(put),
      after: put,
    })),
  ]);
  await sql`update resource_revision set revision = revision + 1`;
}

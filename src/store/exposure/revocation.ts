import type postgres from "postgres";
import { decodeHex } from "../../bytes/base64.ts";
import type { Actor } from "../../model/actor.ts";
import type { RevocationQuery } from "../../model/revocation.ts";
import { insertAudit } from "../admin/audit.ts";
import type { Database } from "../database.ts";
import type { Sql, Transaction } from "../sql.ts";
import { byteaArray } from "./array-literal.ts";
import { revisedAtSql } from "./window-sql.ts";

/** What a revocation would do. */
export type RevocationPreview = {
  readonly total: number;
  /** Of them, keys that never left this server: they are deleted. */
  readonly neverLeft: number;
  /** By UTC day (since 1970-01-01) of their windows. */
  readonly days: readonly { readonly day: number; readonly keys: number }[];
  /** Files of the windows that hold them, those with most first, at most 50. */
  readonly files: readonly {
    readonly bucket: string;
    readonly name: string;
    readonly keyCount: number;
    readonly chosen: number;
  }[];
};

/** A revocation, as far as it came. Times are UTC seconds. */
export type StoredRevocation = {
  readonly id: number;
  readonly madeAt: number;
  readonly madeBy: string;
  readonly reason: string;
  readonly query: RevocationQuery;
  readonly expected: number;
  readonly state: "running" | "stopped" | "done";
  readonly revoked: number;
  readonly deleted: number;
  readonly finishedAt: number | null;
};

/** Revocations in bulk. */
export type Revocations = {
  preview(query: RevocationQuery): Promise<RevocationPreview>;
  /** Notes it to be done, with its audit row; answers its number. */
  begin(actor: Actor, query: RevocationQuery, reason: string, expected: number): Promise<number>;
  /** Stops one that runs or lets a stopped one go on; false when it is in another state. */
  turn(actor: Actor, id: number, to: "stopped" | "running"): Promise<boolean>;
  /** Newest first. */
  list(limit: number): Promise<readonly StoredRevocation[]>;
  running(): Promise<readonly number[]>;
  /** Deals with the next `limit` keys; answers how many there were, undefined when it runs no more. */
  step(id: number, limit: number): Promise<number | undefined>;
};

/** What never left has a window that is not closed, nor announced to be. */
const NEVER_LEFT = "created_at >= (select next_closed_through from window_floor)";

/** Revocations in the database. `windowSeconds`: TRUNCATE_WINDOW. */
export function revocations({ bulk: sql }: Database, windowSeconds: number): Revocations {
  const columns = sql`id, made_at as "madeAt", made_by as "madeBy", reason, query, expected, state,
    revoked, deleted, finished_at as "finishedAt"`;
  return {
    preview: (query) => previewOf(sql, query),
    begin: (actor, query, reason, expected) =>
      sql.begin(async (transaction) => {
        const [row] = await transaction<{ id: number }[]>`
          insert into bulk_revocation (made_at, made_by, reason, query, expected, state)
          values (wayfarer_now(), ${actor.name}, ${reason}, ${
          JSON.stringify(query)
        }::text::jsonb, ${expected}, 'running')
          returning id`;
        const id = row?.id ?? 0;
        await insertAudit(transaction, actor, [{
          action: "revoke",
          kind: "Revocation",
          name: String(id),
          detail: { ...described(query), reason, expected },
        }]);
        return id;
      }),
    turn: (actor, id, to) =>
      sql.begin(async (transaction) => {
        const from = to === "stopped" ? "running" : "stopped";
        const turned = await transaction`
          update bulk_revocation set state = ${to} where id = ${id} and state = ${from}`;
        if (turned.count === 0) return false;
        const action = to === "stopped" ? "stop" : "continue";
        await insertAudit(transaction, actor, [{ action, kind: "Revocation", name: String(id) }]);
        return true;
      }),
    list: (limit) =>
      sql<StoredRevocation[]>`
        select ${columns} from bulk_revocation order by id desc limit ${limit}`,
    running: async () => {
      const rows = await sql<{ id: number }[]>`
        select id from bulk_revocation where state = 'running' order by id`;
      return rows.map((row) => row.id);
    },
    step: (id, limit) =>
      sql.begin(async (transaction) => await stepOf(transaction, id, limit, windowSeconds)),
  };
}

/** What the audit log tells of a query: never a key. */
function described({ keys, ...query }: RevocationQuery): Readonly<Record<string, unknown>> {
  return { ...query, ...(keys === undefined ? {} : { keys: keys.length }) };
}

/** Local keys that are not revoked yet: others are revoked where they came from. */
function chosenSql(sql: Sql | Transaction, query: RevocationQuery): postgres.Fragment {
  const { issuer, healthAuthority, since, until, keys } = query;
  const bytes = keys?.map((key) => decodeHex(key) ?? new Uint8Array(0));
  return sql`source = 'local' and revised_report_type is distinct from 'negative'
    and ${issuer === undefined ? sql`true` : sql`issuer = ${issuer}`}
    and ${healthAuthority === undefined ? sql`true` : sql`health_authority = ${healthAuthority}`}
    and ${since === undefined ? sql`true` : sql`created_at >= ${since}`}
    and ${until === undefined ? sql`true` : sql`created_at < ${until}`}
    and ${bytes === undefined ? sql`true` : sql`key = any(${byteaArray(bytes)}::text::bytea[])`}`;
}

async function previewOf(sql: Sql, query: RevocationQuery): Promise<RevocationPreview> {
  const days = await sql<{ day: number; keys: number; neverLeft: number }[]>`
    select (created_at / 86400)::int as day, count(*)::int as keys,
           (count(*) filter (where ${sql.unsafe(NEVER_LEFT)}))::int as "neverLeft"
    from exposure where ${chosenSql(sql, query)} group by day order by day`;
  const files = await sql<RevocationPreview["files"][number][]>`
    with per_window as (
      select created_at, count(*) as keys from exposure
      where ${chosenSql(sql, query)} group by created_at
    )
    select file.bucket, file.name, file.key_count as "keyCount", sum(keys)::int as chosen
    from export_file as file join per_window
      on file.starts_at <= created_at and created_at < file.ends_at
    where file.batch <> 0 group by file.bucket, file.name, file.key_count
    order by chosen desc, file.name limit 50`;
  const sum = (value: (row: typeof days[number]) => number): number =>
    days.reduce((total, row) => total + value(row), 0);
  return {
    total: sum((row) => row.keys),
    neverLeft: sum((row) => row.neverLeft),
    days: days.map(({ day, keys }) => ({ day, keys })),
    files,
  };
}

async function stepOf(
  sql: Transaction,
  id: number,
  limit: number,
  windowSeconds: number,
): Promise<number | undefined> {
  // Whoever holds the row goes on alone; stopping waits for the step that runs.
  const [one] = await sql<{ query: RevocationQuery; after: Uint8Array }[]>`
    select query, after_key as after from bulk_revocation
    where id = ${id} and state = 'running' for update skip locked`;
  if (one === undefined) return undefined;
  const [done] = await sql<{ chosen: number; deleted: number; last: Uint8Array | null }[]>`
    with chosen as (
      select key, ${sql.unsafe(NEVER_LEFT)} as never_left from exposure
      where key > ${one.after} and ${
    chosenSql(sql, one.query)
  } order by key limit ${limit} for update
    ), gone as (
      delete from exposure using chosen
      where exposure.key = chosen.key and never_left returning exposure.key
    ), revoked as (
      update exposure set revised_report_type = 'negative', revised_transmission_risk = 0,
        revised_at = ${sql.unsafe(revisedAtSql(windowSeconds))}
      from chosen where exposure.key = chosen.key and not never_left returning exposure.key
    )
    select (select count(*) from chosen)::int as chosen, (select count(*) from gone)::int as deleted,
           (select key from chosen order by key desc limit 1) as last`;
  const { chosen = 0, deleted = 0, last = null } = done ?? {};
  await sql`
    update bulk_revocation
    set revoked = revoked + ${chosen - deleted}::bigint, deleted = deleted + ${deleted}::bigint,
        after_key = coalesce(${last}, after_key),
        state = case when ${chosen < limit} then 'done' else state end,
        finished_at = case when ${chosen < limit} then wayfarer_now() end
    where id = ${id}`;
  return chosen;
}

import type { Actor, Channel } from "../../model/actor.ts";
import type { Database } from "../database.ts";
import type { Sql, Transaction } from "../sql.ts";

/** What happened. */
export type AuditEntry = {
  /** A verb: `put`, `delete`, `sign-in`, `run`. */
  readonly action: string;
  /** What kind of thing: of a resource its kind, else `Session`, `Token`, `Job` and so on. */
  readonly kind: string;
  readonly name: string;
  readonly before?: unknown;
  readonly after?: unknown;
  /** More about it; never a key or a secret. */
  readonly detail?: Readonly<Record<string, unknown>>;
};

/** A row of the audit log. `at` is in UTC seconds. */
export type AuditRow = {
  /** From 1, without gaps. */
  readonly number: number;
  readonly at: number;
  readonly subject: string | null;
  readonly actor: string;
  readonly via: Channel | null;
  readonly action: string;
  readonly kind: string;
  readonly name: string;
  readonly before: unknown;
  readonly after: unknown;
  readonly detail: Readonly<Record<string, unknown>> | null;
  readonly requestId: string | null;
  /** SHA-256 over this row and the hash of the one before it, lower-case hex. */
  readonly hash: string;
};

/** Which rows; those that are absent do not bind. */
export type AuditFilter = {
  /** Part of the actor's subject or name. */
  readonly who?: string | undefined;
  readonly action?: string | undefined;
  readonly kind?: string | undefined;
  readonly name?: string | undefined;
  /** UTC seconds, [since, until). */
  readonly since?: number | undefined;
  readonly until?: number | undefined;
};

/** What a check of the chain found. `brokenAt`: the first row that is not what was written, or is missing. */
export type AuditVerdict = {
  readonly rows: number;
  readonly first: number;
  readonly last: number;
  readonly brokenAt?: number;
};

/** The audit log. */
export type AuditLog = {
  add(actor: Actor, entries: readonly AuditEntry[]): Promise<void>;
  /** Newest first, those below `below`. */
  page(filter: AuditFilter, below: number | undefined, limit: number): Promise<readonly AuditRow[]>;
  /** Kinds and actions that occur, for filters. */
  words(): Promise<{ readonly kinds: readonly string[]; readonly actions: readonly string[] }>;
  /** Computes every hash again. */
  verify(): Promise<AuditVerdict>;
  /** Forgets rows older than `seconds`, oldest first, at most `limit`; answers how many. The chain goes on from there. */
  forget(seconds: number, limit: number): Promise<number>;
};

/** Appends rows in the caller's transaction. */
export async function insertAudit(
  sql: Sql | Transaction,
  actor: Actor,
  entries: readonly AuditEntry[],
): Promise<void> {
  if (entries.length === 0) return;
  await sql`
    insert into audit_log (at, actor, subject, via, request_id, action, kind, name, before, after, detail)
    select wayfarer_now(), ${actor.name}, ${actor.subject}, ${actor.via}, ${
    actor.requestId ?? null
  }, entry->>'action', entry->>'kind', entry->>'name', nullif(entry->'before', 'null'),
           nullif(entry->'after', 'null'), nullif(entry->'detail', 'null')
    from jsonb_array_elements(${JSON.stringify(entries)}::text::jsonb)
      with ordinality as entries (entry, place) order by place`;
}

/** The audit log in the database. */
export function auditLog({ sql, bulk }: Database): AuditLog {
  return {
    add: (actor, entries) => insertAudit(sql, actor, entries),
    page: (filter, below, limit) => {
      const { who, action, kind, name, since, until } = filter;
      const contains = who === undefined ? null : `%${who.replace(/[\\%_]/g, "\\$&")}%`;
      return sql<AuditRow[]>`
        select number, at, subject, actor, via, action, kind, name, before, after, detail,
               request_id as "requestId", encode(hash, 'hex') as hash
        from audit_log
        where number < ${below ?? Number.MAX_SAFE_INTEGER}
          and ${
        contains === null ? sql`true` : sql`(subject ilike ${contains} or actor ilike ${contains})`
      }
          and ${action === undefined ? sql`true` : sql`action = ${action}`}
          and ${kind === undefined ? sql`true` : sql`kind = ${kind}`}
          and ${name === undefined ? sql`true` : sql`name = ${name}`}
          and ${since === undefined ? sql`true` : sql`at >= ${since}`}
          and ${until === undefined ? sql`true` : sql`at < ${until}`}
        order by number desc limit ${limit}`;
    },
    words: async () => {
      // A loose index scan: as many steps as there are kinds, however long the log is.
      const kinds = await sql<{ kind: string }[]>`
        with recursive each (kind) as (
          (select kind from audit_log order by kind limit 1)
          union all
          select (select kind from audit_log where kind > each.kind order by kind limit 1)
          from each where each.kind is not null
        ) select kind from each where kind is not null`;
      const actions = await sql<{ action: string }[]>`
        select distinct action from (
          select action from audit_log order by number desc limit 2000) as newest order by action`;
      return {
        kinds: kinds.map((row) => row.kind),
        actions: actions.map((row) => row.action),
      };
    },
    verify: async () => {
      const [found] = await bulk<
        { rows: number; first: number; last: number; broken: number | null }[]
      >`
        with head as (select * from audit_head), checked as (
          select number, hash,
                 hash is distinct from audit_hash(entry)
                 or previous_hash is distinct from coalesce(
                   lag(hash) over (order by number), (select forgotten_hash from head))
                 or number <> coalesce(
                   lag(number) over (order by number), (select forgotten_number from head)) + 1 as bad
          from audit_log as entry
        )
        select count(*) as rows, coalesce(min(number), 0) as first, coalesce(max(number), 0) as last,
               coalesce(min(number) filter (where bad), (
                 select head.number from head
                 where head.number <> coalesce((select max(number) from checked), head.forgotten_number)
                    or head.hash <> coalesce(
                      (select hash from checked order by number desc limit 1), head.forgotten_hash)
               )) as broken
        from checked`;
      const { rows = 0, first = 0, last = 0, broken = null } = found ?? {};
      return { rows, first, last, ...(broken === null ? {} : { brokenAt: broken }) };
    },
    forget: (seconds, limit) =>
      bulk.begin(async (transaction) => {
        await transaction`set local wayfarer.forgetting_audit = 'on'`;
        const [gone] = await transaction<{ count: number }[]>`
          with old as (
            delete from audit_log where number in (
              select number from audit_log where at < wayfarer_now() - ${seconds}::bigint
              order by number limit ${limit})
            returning number, hash
          ), anchor as (
            update audit_head set forgotten_number = old.number, forgotten_hash = old.hash
            from (select number, hash from old order by number desc limit 1) as old
          ) select count(*) as count from old`;
        return gone?.count ?? 0;
      }),
  };
}

import type { PageKind, PageRecord } from "../model/peer-sync.ts";
import type { Database, Sql, Transaction } from "./database.ts";

/** A page as the history shows it. */
export type PageShown = PageRecord & {
  /** UTC seconds. */
  readonly at: number;
};

/** Keys of one UTC day. */
export type DayCount = {
  readonly peer: string;
  readonly kind: PageKind;
  /** Days since 1970-01-01. */
  readonly day: number;
  readonly keys: number;
  readonly revised: number;
  readonly verdicts: Readonly<Record<string, number>>;
};

/** The history of pages. */
export type FederationPages = {
  add(page: PageRecord): Promise<void>;
  /** The newest pages of a peer. */
  last(peer: string, limit: number): Promise<readonly PageShown[]>;
  /** Sums per peer, kind and day, of the newest `days` days. */
  perDay(days: number): Promise<readonly DayCount[]>;
  /** Forgets pages that are older, and answers how many. */
  forget(olderThanSeconds: number): Promise<number>;
};

/** The history of pages in the database. */
export function federationPages({ bulk }: Database): FederationPages {
  return {
    add: (page) => insertPage(bulk, page),
    last: async (peer, limit) => {
      const rows = await bulk<(Omit<PageShown, "tookMs"> & { took_ms: number })[]>`
        select peer, direction as kind, at, keys, revised, verdicts, took_ms
        from peer_page where peer = ${peer} order by id desc limit ${limit}`;
      return rows.map(({ took_ms, ...page }) => ({ ...page, tookMs: took_ms }));
    },
    perDay: async (days) =>
      await bulk<DayCount[]>`
        with page as (
          select *, (at / 86400)::int as day from peer_page
          where at >= (wayfarer_now() / 86400 - ${days}::int + 1) * 86400
        ), verdict as (
          select peer, direction, day, jsonb_object_agg(name, total) as verdicts from (
            select peer, direction, day, name, sum(count::int) as total
            from page, jsonb_each_text(verdicts) as each(name, count)
            group by peer, direction, day, name
          ) as summed group by peer, direction, day
        ), total as (
          select peer, direction, day, sum(keys)::bigint as keys, sum(revised)::bigint as revised
          from page group by peer, direction, day
        )
        select peer, direction as kind, day, keys, revised, coalesce(verdicts, '{}') as verdicts
        from total left join verdict using (peer, direction, day)
        order by peer, direction, day`,
    forget: async (olderThanSeconds) => {
      const gone = await bulk`
        delete from peer_page where at < wayfarer_now() - ${olderThanSeconds}::bigint`;
      return gone.count;
    },
  };
}

/** Adds a page to the history. */
export async function insertPage(sql: Sql | Transaction, page: PageRecord): Promise<void> {
  await sql`
    insert into peer_page (peer, direction, at, keys, revised, verdicts, took_ms)
    values (${page.peer}, ${page.kind}, wayfarer_now(), ${page.keys}, ${page.revised},
            ${JSON.stringify(page.verdicts)}::text::jsonb, ${Math.round(page.tookMs)})`;
}

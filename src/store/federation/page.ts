import type { PageKind, PageRecord } from "../../model/peer-sync.ts";
import type { Database } from "../database.ts";
import type { Sql, Transaction } from "../sql.ts";

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
  /** Forgets pages that are older, puts all but the newest of a peer together by day and kind; answers how many went. */
  forget(olderThanSeconds: number): Promise<number>;
};

/** So many pages of a peer stay as they are. */
const KEPT_PAGES = 1000;

/** The history of pages in the database. `keptPages` is for tests. */
export function federationPages(
  { bulk }: Database,
  keptPages: number = KEPT_PAGES,
): FederationPages {
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
      return gone.count + await joinPages(bulk, keptPages);
    },
  };
}

/** The newest page of a day stands for all of it; one statement, so that sums are right whoever reads them. */
async function joinPages(sql: Sql, keptPages: number): Promise<number> {
  const gone = await sql`
    with old as (
      select id, max(id) over (partition by peer, direction, at / 86400) as into_id
      from (select *, row_number() over (partition by peer order by id desc) as place
            from peer_page) as page
      where place > ${keptPages}
    ), gone as (
      delete from peer_page using old where peer_page.id = old.id and old.id <> old.into_id
      returning old.into_id, keys, revised, verdicts, took_ms
    ), verdict as (
      select into_id, jsonb_object_agg(name, total) as verdicts from (
        select into_id, name, sum(count::bigint) as total from (
          select into_id, verdicts from gone
          union all select id, verdicts from peer_page where id in (select into_id from gone)
        ) as part, jsonb_each_text(verdicts) as each(name, count)
        group by into_id, name
      ) as summed group by into_id
    ), total as (
      select into_id, count(*) as pages, sum(keys) as keys, sum(revised) as revised,
             sum(took_ms) as took_ms
      from gone group by into_id
    ), joined as (
      update peer_page
      set keys = least(peer_page.keys + total.keys, 2147483647),
          revised = least(peer_page.revised + total.revised, 2147483647),
          took_ms = least(peer_page.took_ms + total.took_ms, 2147483647),
          verdicts = coalesce(verdict.verdicts, '{}')
      from total left join verdict using (into_id) where peer_page.id = total.into_id
      returning total.pages
    )
    select coalesce(sum(pages), 0)::bigint as pages from joined`;
  return Number(gone[0]?.["pages"] ?? 0);
}

/** Adds a page to the history. */
export async function insertPage(sql: Sql | Transaction, page: PageRecord): Promise<void> {
  await sql`
    insert into peer_page (peer, direction, at, keys, revised, verdicts, took_ms)
    values (${page.peer}, ${page.kind}, wayfarer_now(), ${page.keys}, ${page.revised},
            ${JSON.stringify(page.verdicts)}::text::jsonb, ${Math.round(page.tookMs)})`;
}

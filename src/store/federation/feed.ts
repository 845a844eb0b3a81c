import { Buffer } from "node:buffer";
import type { FeedPage, FeedPosition, FeedQuery, FeedStream } from "../../model/feed.ts";
import { asWindow } from "../../model/ids.ts";
import type { Database } from "../database.ts";
import { feedKey, type FeedRow, feedRows, feedRowSql, wantedSql } from "../exposure/feed-rows.ts";
import type { Sql } from "../sql.ts";

/** The feed in the database. */
export type FederationFeed = {
  /** The next keys of a stream: in order, none left out, at most `limit`. */
  read(stream: FeedStream, query: FeedQuery): Promise<FeedPage>;
};

/** So many rows are looked at in one statement at most, however few of them may go. */
const SCAN_ROWS = 50_000;
/** A page is looked for in so many times its rows before all of SCAN_ROWS are looked at. */
const DENSE_ROWS_A_KEY = 4;

/** The feed in the database. `scanRows` is for tests. */
export function federationFeed({ sql }: Database, scanRows: number = SCAN_ROWS): FederationFeed {
  return {
    read: async (stream, query) => {
      if (query.selection.regions.length === 0) {
        return { keys: [], next: later(query), exhausted: true, scanned: 0, bytes: 0 };
      }
      // What is dense fills a page from few rows, and the statement ends there.
      const rows = Math.min(scanRows, query.limit * DENSE_ROWS_A_KEY);
      const found = await sql<FeedRow[]>`
        select ${feedRowSql(sql, "stretch")} from (${feedRows(sql, stream, query, rows)}) as stretch
        where ${wantedSql(sql, query)} order by at, key limit ${query.limit}`;
      if (found.length === query.limit) return pageOf(found, query, found.length);
      return await sparsePage(sql, stream, query, scanRows);
    },
  };
}

/** A page that is not full ends where the scan did, or at the end of the closed windows. */
async function sparsePage(
  sql: Sql,
  stream: FeedStream,
  query: FeedQuery,
  scanRows: number,
): Promise<FeedPage> {
  // One statement, so that rows that are deleted meanwhile cannot move the end of the scan.
  type Found = Partial<FeedRow> & { scanned: number; last_at: number; last_key: Uint8Array };
  const rows = await sql<Found[]>`
    with scanned as materialized (${feedRows(sql, stream, query, scanRows)})
    select ${feedRowSql(sql, "wanted")}, last.at as last_at, last.key as last_key,
           (select count(*) from scanned) as scanned
    from (select at, key from scanned order by at desc, key desc limit 1) as last
    left join (
      select * from scanned where ${wantedSql(sql, query)} order by at, key limit ${query.limit}
    ) as wanted on true
    order by wanted.at, wanted.key`;
  const [first] = rows;
  const found = rows.filter((row): row is FeedRow & Found => row.key !== null);
  const whole: End = { next: later(query), exhausted: true };
  if (first === undefined) return pageOf(found, query, 0, whole);
  const { scanned, last_at, last_key } = first;
  if (found.length === query.limit) return pageOf(found, query, scanned);
  const part: End = { next: { window: asWindow(last_at), key: last_key }, exhausted: false };
  return pageOf(found, query, scanned, scanned < scanRows ? whole : part);
}

type End = Pick<FeedPage, "next" | "exhausted">;

/** The keys as far as there is room for their bytes. `end`: where all of them lead; else after the last one. */
function pageOf(found: readonly FeedRow[], query: FeedQuery, scanned: number, end?: End): FeedPage {
  const { kept, bytes } = withinBytes(found, query.maxBytes);
  const all = kept.length === found.length ? end : undefined;
  return { keys: kept.map(feedKey), ...all ?? afterLast(kept), scanned, bytes };
}

function afterLast(rows: readonly FeedRow[]): End {
  const last = rows.at(-1);
  if (last === undefined) throw new RangeError("a feed page must have room for a key");
  return { next: { window: asWindow(last.at), key: last.key }, exhausted: false };
}

/** The first rows, as many as have room on the wire; one at least. */
function withinBytes(rows: readonly FeedRow[], maxBytes: number) {
  let bytes = 0;
  for (const [index, row] of rows.entries()) {
    const more = wireBytes(row);
    if (index > 0 && bytes + more > maxBytes) return { kept: rows.slice(0, index), bytes };
    bytes += more;
  }
  return { kept: rows, bytes };
}

/** Key, numbers and tags, each at its longest. */
const FIXED_BYTES = 70;
/** Tag and length of a text, and the place that it takes where it is decoded. */
const TEXT_BYTES = 12;

/** What a key counts in a message: more than it takes. Regions are ASCII. */
function wireBytes({ regions, homeServer }: FeedRow): number {
  let bytes = FIXED_BYTES;
  for (const region of regions) bytes += TEXT_BYTES + region.length;
  return homeServer === null ? bytes : bytes + TEXT_BYTES + Buffer.byteLength(homeServer);
}

/** A reader that is already further than what is closed stays there. */
const later = ({ after, closedThrough }: FeedQuery): FeedPosition =>
  after.window >= closedThrough ? after : { window: closedThrough };

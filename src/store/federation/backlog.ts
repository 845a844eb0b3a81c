import type { FeedPosition, FeedStream, Selection } from "../../model/feed.ts";
import type { Database } from "../database.ts";
import { allowedSql } from "./feed.ts";

/** How many keys of the feed may still go to a peer. */
export type FederationBacklog = (
  selection: Selection,
  after: Readonly<Record<FeedStream, FeedPosition>>,
  closedThrough: number,
) => Promise<number>;

/** Rows of a stream that are looked at: what comes after is not counted. */
const SCAN_ROWS = 50_000;
const NO_KEY = new Uint8Array(0);

/** Counts the feed in the database from a place on, at most `scanRows` rows of each stream. */
export function federationBacklog(
  { bulk }: Database,
  scanRows: number = SCAN_ROWS,
): FederationBacklog {
  return async (selection, after, closedThrough) => {
    if (selection.regions.length === 0) return 0;
    const { new: fresh, revised } = after;
    const [row] = await bulk<{ count: number }[]>`
      select count(*) as count from (
        (select * from exposure
         where (created_at, key) > (${fresh.window}::bigint, ${fresh.key ?? NO_KEY}::bytea)
           and created_at < ${closedThrough}
         order by created_at, key limit ${scanRows})
        union all
        (select * from exposure
         where (revised_at, key) > (${revised.window}::bigint, ${revised.key ?? NO_KEY}::bytea)
           and revised_at < ${closedThrough} and created_at < ${closedThrough}
         order by revised_at, key limit ${scanRows})
      ) as left_over where ${allowedSql(bulk, selection)}`;
    return row?.count ?? 0;
  };
}

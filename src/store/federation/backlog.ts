import type { FeedPosition, FeedStream, Selection } from "../../model/feed.ts";
import type { Database } from "../database.ts";
import { allowedSql, feedRows } from "../exposure/feed-rows.ts";

/** How many keys of the feed may still go to a peer. */
export type FederationBacklog = (
  selection: Selection,
  after: Readonly<Record<FeedStream, FeedPosition>>,
  closedThrough: number,
) => Promise<number>;

/** Rows of a stream that are looked at: what comes after is not counted. */
const SCAN_ROWS = 50_000;

/** Counts the feed in the database from a place on, at most `scanRows` rows of each stream. */
export function federationBacklog(
  { bulk }: Database,
  scanRows: number = SCAN_ROWS,
): FederationBacklog {
  return async (selection, after, closedThrough) => {
    if (selection.regions.length === 0) return 0;
    const rows = (stream: FeedStream) =>
      feedRows(bulk, stream, { after: after[stream], closedThrough }, scanRows);
    const [row] = await bulk<{ count: number }[]>`
      select count(*) as count from (
        (${rows("new")}) union all (${rows("revised")})
      ) as left_over where ${allowedSql(bulk, selection)}`;
    return row?.count ?? 0;
  };
}

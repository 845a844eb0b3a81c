import type postgres from "postgres";
import type { FederatedKey } from "../../model/exposure.ts";
import type { FeedKey, FeedPosition, FeedQuery, FeedStream, Selection } from "../../model/feed.ts";
import { MAX_HOPS } from "../../model/feed.ts";
import { INTERVALS_PER_DAY } from "../../model/interval.ts";
import type { Sql } from "../sql.ts";
import { type Column, columnOf, KEY_COLUMNS, membersSql, valueSql, valuesSql } from "./columns.ts";

/** The columns of a key that goes to peers. */
const FEED_COLUMNS: readonly Column[] = [...KEY_COLUMNS, "onset_told", "home_server", "hops"];
const FEED_MEMBERS: readonly string[] = FEED_COLUMNS.map((column) => columnOf(column).member);

/** A key in the place `at` of its stream, as the database answers it: null for what is absent. */
export type FeedRow = OrNull<FederatedKey> & { readonly at: number };

type OrNull<T> = {
  readonly [K in keyof T]-?: undefined extends T[K] ? Exclude<T[K], undefined> | null : T[K];
};

/** SQL for a {@link FeedRow} from a relation of {@link feedRows}. */
export function feedRowSql(sql: Sql, from: string): postgres.PendingQuery<postgres.Row[]> {
  return sql.unsafe(`${from}.at, ${membersSql(FEED_COLUMNS, from)}`);
}

/** The key of a row. */
export function feedKey(row: FeedRow): FeedKey {
  const members: Readonly<Record<string, unknown>> = row;
  const key: Record<string, unknown> = { window: row.at };
  for (const member of FEED_MEMBERS) key[member] = members[member] ?? undefined;
  // It has the members of a row, without its nulls; the compiler cannot see that.
  return key as FeedKey;
}

type PendingQuery = postgres.PendingQuery<postgres.Row[]>;

type Stretch = {
  /** Where the rows are, and the column that orders them. */
  readonly relation: string;
  readonly order: string;
  readonly regionsBefore: string;
};

/** What a stream is made of. */
const STREAMS: Readonly<Record<FeedStream, readonly [Stretch, Stretch?]>> = {
  new: [
    { relation: "exposure", order: "created_at", regionsBefore: "null::text[]" },
    { relation: "exposure_added", order: "created_at", regionsBefore: "regions_before" },
  ],
  revised: [
    { relation: "exposure_revision", order: "revised_at", regionsBefore: "null::text[]" },
  ],
};

/**
 * The rows of a stream after a position in order, whether or not they may go, with their place as `at` and `key`. The
 * indexes give them in that order: each part is read no further than the whole may be long.
 */
export function feedRows(
  sql: Sql,
  stream: FeedStream,
  { after, closedThrough }: { readonly after: FeedPosition; readonly closedThrough: number },
  rows: number,
): PendingQuery {
  const values = valuesSql([...FEED_COLUMNS, "source", "source_name"], stream === "revised");
  // A revision of a key that is still embargoed must not tell of it.
  const published = stream === "new" ? sql`` : sql`and created_at < ${closedThrough}`;
  const rowsOf = ({ relation, order, regionsBefore }: Stretch): PendingQuery => {
    const at = sql.unsafe(order);
    return sql`
      (select ${at} as at, ${sql.unsafe(`${regionsBefore} as regions_before, ${values}`)},
              ${selfReportSql(sql, stream)} as self_report
       from ${sql.unsafe(relation)}
       where (${at}, key) > (${after.window}::bigint, ${after.key ?? new Uint8Array(0)}::bytea)
         and ${at} < ${closedThrough} ${published}
       order by ${at}, key limit ${rows})`;
  };
  const [first, second] = STREAMS[stream];
  return second === undefined ? rowsOf(first) : sql`
    select * from (${rowsOf(first)} union all ${rowsOf(second)}) as entering
    order by at, key limit ${rows}`;
}

/**
 * Whether a row of \`exposure\` is a self report in a stream. So is the revocation of one: who does not get it has
 * nothing to revoke.
 */
function selfReportSql(sql: Sql, stream: FeedStream): PendingQuery {
  return stream === "new"
    ? sql`report_type = 'user-report'`
    : sql`(report_type = 'user-report' and revised_report_type in ('user-report', 'negative'))`;
}

/**
 * Whether a row may go to a peer at all: one of {@link feedRows}, or with \`stream\` one of the table itself, as it is
 * in that stream.
 */
export function allowedSql(sql: Sql, selection: Selection, stream?: FeedStream): PendingQuery {
  const { regions, excludeRegions, onlyTravelers, onlyLocal, peer, serverId } = selection;
  const selfReport = stream === undefined ? sql`self_report` : selfReportSql(sql, stream);
  return sql`
    regions && ${[...regions]}::text[]
    and not regions && ${[...excludeRegions]}::text[]
    and source <> 'generated'
    and (traveler or not ${onlyTravelers})
    and (source = 'local' or not ${onlyLocal})
    and not (source = 'peer' and source_name is not distinct from ${peer})
    and home_server is distinct from ${serverId}
    and hops < ${MAX_HOPS}
    and (${selection.selfReport} or not ${selfReport})`;
}

/** Whether a row brings a key anew: with regions that were added, where those before did not let it go. */
function newlyAllowedSql(sql: Sql, selection: Selection, stream?: FeedStream): PendingQuery {
  return sql`${allowedSql(sql, selection, stream)}
    and (regions_before is null or not regions_before && ${[...selection.regions]}::text[]
         or regions_before && ${[...selection.excludeRegions]}::text[])`;
}

/** Whether a row may go now: it is allowed, and not too old. */
export function wantedSql(sql: Sql, { selection, oldest }: FeedQuery): PendingQuery {
  return sql`${newlyAllowedSql(sql, selection)} and interval_number + interval_count >= ${oldest}`;
}

/** The digests of what goes out in windows within [from, until), with the UTC day of the key, as rows (day, digest). */
export function feedDigests(
  sql: Sql,
  selection: Selection,
  from: number,
  until: number,
): PendingQuery {
  const row = (revised: boolean) => sql.unsafe(digestSql(revised, selection.symptomOnset));
  return sql`
    select ${row(false)} from exposure_entry
    where created_at >= ${from} and created_at < ${until}
      and ${newlyAllowedSql(sql, selection, "new")}
    union all
    select ${row(true)} from exposure_revision
    where revised_at >= ${from} and revised_at < ${until} and created_at < ${until}
      and ${allowedSql(sql, selection, "revised")}`;
}

/** The parameters of the function `federation_digest`, before the one that says whether it is a revision. */
const DIGESTED = [
  "key",
  "interval_number",
  "interval_count",
  "transmission_risk",
  "report_type",
  "days_since_onset",
  "traveler",
] as const satisfies Column[];

function digestSql(revised: boolean, symptomOnset: boolean): string {
  const values = DIGESTED.map((column) =>
    column === "days_since_onset" && !symptomOnset ? "null" : valueSql(column, revised)
  ).join(", ");
  return `interval_number / ${INTERVALS_PER_DAY} as day, federation_digest(${values}, ${revised}) as digest`;
}

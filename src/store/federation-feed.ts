import { Buffer } from "node:buffer";
import type postgres from "postgres";
import type {
  FeedKey,
  FeedPage,
  FeedPosition,
  FeedQuery,
  FeedStream,
  Selection,
} from "../model/feed.ts";
import { MAX_HOPS } from "../model/feed.ts";
import { asRegion, asServerId, asWindow } from "../model/ids.ts";
import type { ReportType } from "../model/report-type.ts";
import type { Database, Sql } from "./database.ts";

/** The feed in the database. */
export type FederationFeed = {
  /** The next keys of a stream: in order, none left out, at most `limit`. */
  read(stream: FeedStream, query: FeedQuery): Promise<FeedPage>;
};

/** So many rows are looked at in one statement at most, however few of them may go. */
const SCAN_ROWS = 50_000;

/** The feed in the database. `scanRows` is for tests. */
export function federationFeed({ sql }: Database, scanRows: number = SCAN_ROWS): FederationFeed {
  return {
    read: async (stream, query) => {
      if (query.selection.regions.length === 0) {
        return { keys: [], next: later(query), exhausted: true, scanned: 0, bytes: 0 };
      }
      // One statement, which ends as soon as the page is full; else the last row tells how far it came.
      const rows = await sql<Row[]>`
        select ${sql.unsafe(COLUMNS)} from (
          select *, ${wantedSql(sql, query)} as wanted, row_number() over () as number,
                 lead(key) over () is null as final
          from (${stretch(sql, stream, query, scanRows)}) as stretch
        ) as scanned
        where wanted or final order by at, key limit ${query.limit}`;
      return pageOf(rows, query, scanRows);
    },
  };
}

type Row = {
  key: Uint8Array;
  at: number;
  interval_number: number;
  interval_count: number;
  transmission_risk: number;
  report_type: ReportType;
  days_since_onset: number | null;
  traveler: boolean;
  regions: string[];
  home_server: string | null;
  hops: number;
  /** Whether it may go. */
  wanted: boolean;
  /** Counted from 1, with those that may not go. */
  number: number;
  /** No row was looked at after it. */
  final: boolean;
};

const COLUMNS = `key, at, interval_number, interval_count, transmission_risk, report_type,
  days_since_onset, traveler, regions, home_server, hops, wanted, number, final`;

type PendingQuery = postgres.PendingQuery<postgres.Row[]>;

/** The columns of a stream, and what it is ordered by. */
const STREAMS = {
  new: {
    at: "created_at",
    columns: "created_at as at, transmission_risk, report_type, days_since_onset",
  },
  revised: {
    at: "revised_at",
    columns: `revised_at as at,
      coalesce(revised_transmission_risk, transmission_risk) as transmission_risk,
      revised_report_type as report_type, revised_days_since_onset as days_since_onset`,
  },
} as const satisfies Record<FeedStream, { at: string; columns: string }>;

/** The rows after a position in order, whether or not they may go. The index gives them in that order. */
function stretch(sql: Sql, stream: FeedStream, query: FeedQuery, rows: number) {
  const { at, columns } = STREAMS[stream];
  const { after, closedThrough } = query;
  // A revision of a key that is still embargoed must not tell of it.
  const published = stream === "new" ? sql`` : sql`and created_at < ${closedThrough}`;
  return sql`
    select key, interval_number, interval_count, traveler, regions, home_server, hops, source,
           source_name, ${sql.unsafe(columns)}
    from exposure
    where (${sql.unsafe(at)}, key) > (${after.window}::bigint, ${
    after.key ?? new Uint8Array(0)
  }::bytea)
      and ${sql.unsafe(at)} < ${closedThrough} ${published}
    order by ${sql.unsafe(at)}, key limit ${rows}`;
}

/** Whether a row may go, as maySend() of federation/policy says. */
export function allowedSql(sql: Sql, selection: Selection): PendingQuery {
  const { regions, excludeRegions, onlyTravelers, onlyLocal, peer, serverId } = selection;
  return sql`
    regions && ${[...regions]}::text[]
    and not regions && ${[...excludeRegions]}::text[]
    and source <> 'generated'
    and (traveler or not ${onlyTravelers})
    and (source = 'local' or not ${onlyLocal})
    and not (source = 'peer' and source_name is not distinct from ${peer})
    and home_server is distinct from ${serverId}
    and hops < ${MAX_HOPS}`;
}

const wantedSql = (sql: Sql, { selection, oldest }: FeedQuery): PendingQuery =>
  sql`${allowedSql(sql, selection)} and interval_number + interval_count >= ${oldest}`;

/** A page ends where it is full, where the scan ended, or at the end of the closed windows. */
function pageOf(rows: readonly Row[], query: FeedQuery, scanRows: number): FeedPage {
  const { kept, bytes } = withinBytes(rows, query.maxBytes);
  const last = kept.at(-1);
  const exhausted = last === undefined || (last.final && last.number < scanRows);
  return {
    keys: kept.filter(({ wanted }) => wanted).map(feedKey),
    next: exhausted ? later(query) : { window: asWindow(last.at), key: last.key },
    exhausted,
    scanned: rows.at(-1)?.number ?? 0,
    bytes,
  };
}

/** The first rows, as many as have room on the wire; one at least. */
function withinBytes(rows: readonly Row[], maxBytes: number) {
  let bytes = 0;
  for (const [index, row] of rows.entries()) {
    const more = row.wanted ? wireBytes(row) : 0;
    if (index > 0 && bytes + more > maxBytes) return { kept: rows.slice(0, index), bytes };
    bytes += more;
  }
  return { kept: rows, bytes };
}

/** Key, numbers and tags, each at its longest. */
const FIXED_BYTES = 70;
/** Tag and length of a text, and the place that it takes where it is decoded. */
const TEXT_BYTES = 12;

/** What a key counts in a message: more than it takes. */
function wireBytes({ regions, home_server }: Row): number {
  let bytes = FIXED_BYTES;
  for (const region of regions) bytes += TEXT_BYTES + Buffer.byteLength(region);
  return home_server === null ? bytes : bytes + TEXT_BYTES + Buffer.byteLength(home_server);
}

/** A reader that is already further than what is closed stays there. */
const later = ({ after, closedThrough }: FeedQuery): FeedPosition =>
  after.window >= closedThrough ? after : { window: closedThrough };

function feedKey(row: Row): FeedKey {
  return {
    key: row.key,
    intervalNumber: row.interval_number,
    intervalCount: row.interval_count,
    transmissionRisk: row.transmission_risk,
    reportType: row.report_type,
    ...(row.days_since_onset === null ? {} : { daysSinceOnset: row.days_since_onset }),
    traveler: row.traveler,
    regions: row.regions.map(asRegion),
    ...(row.home_server === null ? {} : { homeServer: asServerId(row.home_server) }),
    hops: row.hops,
  };
}

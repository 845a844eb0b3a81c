import { DAY_SECONDS } from "../../model/interval.ts";
import type { Database } from "../database.ts";
import { storeFailure } from "../failure.ts";

/** What kind of phone published, as far as its user agent tells. */
export type Platform = "unknown" | "android" | "ios";

/** What one publish adds to the statistics of its issuer. */
export type StatEntry = {
  /** Name of the Issuer resource. */
  readonly issuer: string;
  readonly platform: Platform;
  /** TEKs stored for the first time. */
  readonly teks: number;
  /** It revised keys: then only the request counts, and what it inserted. */
  readonly revision: boolean;
  /** Age in days of the oldest TEK; absent for revisions. */
  readonly oldestDays?: number;
  /** Days from onset to upload; absent when unknown and for revisions. */
  readonly onsetDays?: number;
  readonly missingOnset: boolean;
};

/** Sums of equal entries of one day. */
export type StatSum = {
  /** UTC days since 1970. */
  readonly day: number;
  readonly platform: Platform;
  readonly publishes: number;
  readonly teks: number;
  readonly revision: boolean;
  readonly oldestDays: number | null;
  readonly onsetDays: number | null;
  readonly missingOnset: boolean;
};

/** Statistics of publishes. */
export type PublishStats = {
  /**
   * Everything of some issuers in hours before the database's current one, and that clock in UTC seconds. Throws
   * `database_unavailable`.
   */
  sums(
    issuers: readonly string[],
  ): Promise<{ readonly now: number; readonly sums: readonly StatSum[] }>;
  /** Sums up entries of hours that are over, and deletes sums older than `keepDays`. Answers how many entries it took. */
  rollUp(keepDays: number): Promise<number>;
};

const COLUMNS =
  "issuer, hour, platform, publishes, teks, revision, oldest_days, onset_days, missing_onset";

/** SQL that appends entries; its parameters are {@link statParameters}, numbered from `first`. */
export function appendStatSql(first: number): string {
  const types = ["text", "text", "int", "boolean", "smallint", "smallint", "boolean"];
  const columns = types.map((type, index) => `$${first + index}::${type}[]`);
  return `insert into publish_stat_entry (${COLUMNS})
    select issuer, wayfarer_now() / 3600 * 3600, platform, 1, teks, revision, oldest, onset, missing
    from unnest(${columns.join(", ")})
      as entry(issuer, platform, teks, revision, oldest, onset, missing)`;
}

/** Parameters of {@link appendStatSql}: a row an entry. */
export function statParameters(entries: readonly StatEntry[]): string[] {
  const column = (value: (entry: StatEntry) => string | number | boolean | undefined): string =>
    `{${entries.map((entry) => value(entry) ?? "null").join(",")}}`;
  return [
    column((entry) => JSON.stringify(entry.issuer)),
    column((entry) => entry.platform),
    column((entry) => entry.teks),
    column((entry) => entry.revision),
    column((entry) => entry.oldestDays),
    column((entry) => entry.onsetDays),
    column((entry) => entry.missingOnset),
  ];
}

/** Statistics of publishes in the database. */
export function publishStats({ sql, bulk }: Database): PublishStats {
  return {
    sums: async (issuers) => {
      const names = sql.array([...issuers]);
      try {
        const rows = await sql<(StatSum & { now: number })[]>`
          with both_tables as (
            select * from publish_stat where issuer = any(${names}::text[])
            union all
            select * from publish_stat_entry where issuer = any(${names}::text[])
          )
          select clock.now, hour / ${DAY_SECONDS}::bigint as day, platform,
                 sum(publishes)::int as publishes, sum(teks)::int as teks, revision,
                 oldest_days as "oldestDays", onset_days as "onsetDays", missing_onset as "missingOnset"
          from (select wayfarer_now() as now) clock
          left join both_tables on hour < clock.now / 3600 * 3600
          group by clock.now, day, platform, revision, oldest_days, onset_days, missing_onset
          order by day`;
        const sums = rows.filter((row) => row.day !== null).map(({ now: _, ...sum }) => sum);
        return { now: rows[0]?.now ?? 0, sums };
      } catch (error) {
        throw storeFailure(error);
      }
    },
    rollUp: async (keepDays) => {
      const [row] = await bulk<{ taken: number }[]>`
        with taken as (
          delete from publish_stat_entry where hour < wayfarer_now() / 3600 * 3600 returning *
        ), summed as (
          insert into publish_stat
          select issuer, hour, platform, sum(publishes), sum(teks), revision, oldest_days,
                 onset_days, missing_onset
          from taken
          group by issuer, hour, platform, revision, oldest_days, onset_days, missing_onset
        )
        select count(*)::int as taken from taken`;
      await bulk`
        delete from publish_stat where hour < wayfarer_now() - ${keepDays * DAY_SECONDS}::bigint`;
      return row?.taken ?? 0;
    },
  };
}

import type { Selection } from "../../model/feed.ts";
import type { ReportType } from "../../model/report-type.ts";
import type { Database } from "../database.ts";
import { byteaArray } from "./array-literal.ts";
import { allowedSql } from "./feed-rows.ts";

/** A stored key, for somebody who asks where it is. Times are UTC seconds. */
export type StoredWhereabouts = {
  /** Lower-case hex. */
  readonly key: string;
  readonly intervalNumber: number;
  readonly intervalCount: number;
  readonly reportType: ReportType | "";
  readonly daysSinceOnset: number | null;
  readonly regions: readonly string[];
  readonly traveler: boolean;
  /** Start of the window that it belongs to; later than its publish when it was held back. */
  readonly createdAt: number;
  readonly healthAuthority: string | null;
  readonly issuer: string | null;
  readonly source: "local" | "peer" | "import" | "generated";
  readonly sourceName: string | null;
  readonly revisedAt: number | null;
  readonly revisedReportType: ReportType | null;
};

/** A file that is made of one window. */
export type WindowFile = {
  readonly bucket: string;
  readonly name: string;
  readonly config: string;
  readonly startsAt: number;
  readonly endsAt: number;
  readonly listed: boolean;
};

/** Refusals of publishes in one hour. */
export type RefusedHour = { readonly hour: number; readonly code: string; readonly count: number };

/** Looks keys up. */
export type Whereabouts = {
  find(keys: readonly Uint8Array[]): Promise<readonly StoredWhereabouts[]>;
  /** Files of windows of these configurations that hold one of these moments. */
  files(
    configs: readonly string[],
    moments: readonly number[],
  ): Promise<readonly WindowFile[]>;
  /** Those of the keys that may go to whom, in hex. */
  allowed(keys: readonly Uint8Array[], selection: Selection): Promise<readonly string[]>;
  /** The newest refusals, at most `limit` rows. */
  refused(limit: number): Promise<readonly RefusedHour[]>;
  /** The database's clock, and up to where windows are closed. */
  clock(): Promise<{ readonly now: number; readonly closedThrough: number }>;
};

/** Looks keys up in the database. */
export function whereabouts({ sql }: Database): Whereabouts {
  return {
    find: (keys) =>
      sql<StoredWhereabouts[]>`
        select encode(key, 'hex') as key, interval_number as "intervalNumber",
               interval_count as "intervalCount", report_type as "reportType",
               days_since_onset as "daysSinceOnset", traveler,
               coalesce((select added.regions from exposure_region as added
                         where added.key = exposure.key order by added_at desc limit 1), regions) as regions,
               created_at as "createdAt",
               health_authority as "healthAuthority", issuer, source, source_name as "sourceName",
               revised_at as "revisedAt", revised_report_type as "revisedReportType"
        from exposure where key = any(${byteaArray(keys)}::text::bytea[])`,
    files: (configs, moments) =>
      sql<WindowFile[]>`
        select distinct file.bucket, file.name, file.config, file.starts_at as "startsAt",
               file.ends_at as "endsAt", file.unlisted_at is null as listed
        from export_file as file
        join unnest(${sql.array([...moments], 20)}::bigint[]) as moment
          on file.starts_at <= moment and moment < file.ends_at
        where file.config = any(${sql.array([...configs])}::text[]) and batch <> 0
        order by file.name limit 1000`,
    allowed: async (keys, selection) => {
      const rows = await sql<{ key: string }[]>`
        select encode(key, 'hex') as key from exposure
        where key = any(${byteaArray(keys)}::text::bytea[]) and (
            ${allowedSql(sql, selection, "new")} or
            (revised_at is not null and ${allowedSql(sql, selection, "revised")}))`;
      return rows.map((row) => row.key);
    },
    refused: (limit) =>
      sql<RefusedHour[]>`
        select hour, code, count from publish_answer
        where kind = 'publish' and code <> 'ok' order by hour desc, count desc limit ${limit}`,
    clock: async () => {
      const [row] = await sql<{ now: number; closedThrough: number }[]>`
        select wayfarer_now() as now, closed_through as "closedThrough" from window_floor`;
      return row ?? { now: 0, closedThrough: 0 };
    },
  };
}

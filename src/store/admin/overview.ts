import type { Database } from "../database.ts";
import { heldBackKeys } from "../exposure/selection.ts";

/** Keys of one UTC day (since 1970-01-01). */
export type KeyDay = { readonly day: number; readonly keys: number; readonly revised: number };

/** Windows of one export: what is known of each. Seconds are UTC. */
export type WindowState = {
  readonly startsAt: number;
  readonly endsAt: number;
  readonly complete: boolean;
  readonly attempts: number;
  readonly files: number;
  readonly keys: number;
  /** The name of its first file. */
  readonly name: string | null;
  readonly bucket: string | null;
};

/** Figures of the database itself. */
export type DatabaseFigures = {
  readonly now: number;
  readonly bytes: number;
  readonly connections: number;
  readonly maxConnections: number;
  /** Keys that are held back until they cannot be replayed any more. */
  readonly heldBack: number;
};

/** What the console shows at a glance. Each is one statement, on indexes alone. */
export type Overview = {
  /** Keys published and publishes that revised, by day. */
  published(days: number): Promise<readonly KeyDay[]>;
  /** Keys in files, by the day in which the files were written. */
  exported(days: number): Promise<readonly KeyDay[]>;
  /** Windows of an export's period that end after a moment, oldest first, at most `limit`. */
  windows(config: string, after: number, limit: number): Promise<readonly WindowState[]>;
  figures(): Promise<DatabaseFigures>;
};

/** What the console shows at a glance, from the database. */
export function overview({ sql }: Database): Overview {
  return {
    published: (days) =>
      sql<KeyDay[]>`
        select (hour / 86400)::int as day, sum(teks)::bigint as keys,
               coalesce(sum(publishes) filter (where revision), 0)::bigint as revised
        from (select hour, teks, publishes, revision from publish_stat
              union all select hour, teks, publishes, revision from publish_stat_entry) as entry
        where hour >= (wayfarer_now() / 86400 - ${days}::int + 1) * 86400
        group by day order by day`,
    exported: (days) =>
      sql<KeyDay[]>`
        select (written_at / 86400)::int as day, sum(key_count)::bigint as keys,
               sum(revised_key_count)::bigint as revised
        from export_file
        where batch <> 0 and written_at >= (wayfarer_now() / 86400 - ${days}::int + 1) * 86400
        group by day order by day`,
    windows: (config, after, limit) =>
      sql<WindowState[]>`
        select batch.starts_at as "startsAt", batch.ends_at as "endsAt",
               state = 'complete' as complete, attempts, count(file.name)::int as files,
               coalesce(sum(file.key_count), 0)::int as keys, min(file.name) as name,
               min(file.bucket) as bucket
        from export_batch as batch left join export_file as file on file.batch = batch.id
        where batch.config = ${config} and series = 'period' and batch.ends_at > ${after}
        group by batch.id order by batch.ends_at desc limit ${limit}`,
    figures: async () => {
      const [row] = await sql<DatabaseFigures[]>`
        select wayfarer_now() as now, pg_database_size(current_database()) as bytes,
               (select count(*) from pg_stat_activity)::int as connections,
               current_setting('max_connections')::int as "maxConnections",
               ${heldBackKeys(sql)} as "heldBack"`;
      if (row === undefined) throw new Error("a statement without a table gave no row");
      return row;
    },
  };
}

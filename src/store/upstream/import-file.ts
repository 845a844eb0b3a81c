import type { Database } from "../database.ts";
import type { ImportProgress } from "./import-keys.ts";
import type { ListOverlap } from "./mirror-file.ts";

/** A file to read. */
export type ImportFile = {
  readonly id: number;
  /** Without its query. */
  readonly url: string;
  /** The number of failures. */
  readonly attempts: number;
  /** SHA-256 in hex of the zip that `progress` refers to; absent before the first attempt. */
  readonly digest: string | undefined;
  readonly progress: ImportProgress;
};

/** The number of an import's files in each state, and the results for their keys. */
export type ImportStatus = {
  readonly import: string;
  readonly pending: number;
  readonly done: number;
  readonly failed: number;
  readonly inserted: number;
  readonly revised: number;
  readonly duplicates: number;
  readonly unmatched: number;
  readonly onsetsDropped: number;
  readonly skipped: number;
  /** The failed files with the earliest next attempt, at most {@link SHOWN_FAILURES}. */
  readonly failures: readonly ImportFailure[];
};

/** A file that could not be read. Times are UTC seconds. */
export type ImportFailure = {
  readonly url: string;
  readonly code: string;
  readonly message: string;
  readonly attempts: number;
  readonly nextTryAt: number;
};

/** The most failed files in {@link ImportStatus}. */
const SHOWN_FAILURES = 20;

/** Files of imports, and the progress in each. */
export type ImportFiles = {
  /** The number of an import's listed files, and how many of them are among these. */
  overlap(source: string, urls: readonly string[]): Promise<ListOverlap>;
  /**
   * Adds the new files in this order. With `forgetSeconds`, files that are not named count as gone, and are deleted
   * after that time. Returns the number of new files.
   */
  list(source: string, urls: readonly string[], forgetSeconds: number | undefined): Promise<number>;
  /** Due files after the one with this id, in the order of the index, at most `limit`. */
  due(source: string, afterId: number, limit: number): Promise<readonly ImportFile[]>;
  /** Starts over with a zip that differs from the one that the progress refers to. */
  restart(id: number, digest: string): Promise<void>;
  /** Stores the reason of a failure; the file is due again in `retrySeconds`. */
  fail(id: number, code: string, message: string, retrySeconds: number): Promise<void>;
  /** Deletes the files of imports that are not among these. */
  keepOnly(sources: readonly string[]): Promise<void>;
  /** The status of all imports, by name. */
  status(): Promise<readonly ImportStatus[]>;
};

type Row = ImportProgress & {
  id: number;
  url: string;
  attempts: number;
  digest: string | null;
};

/** The progress before the first key. */
export const NO_PROGRESS: ImportProgress = {
  handled: 0,
  inserted: 0,
  revised: 0,
  duplicates: 0,
  unmatched: 0,
  onsetsDropped: 0,
  skipped: {},
};

/** Files of imports in the database. */
export function importFiles({ bulk: sql }: Database): ImportFiles {
  return {
    overlap: async (source, urls) => {
      const [row] = await sql<ListOverlap[]>`
        select count(*) as listed, count(*) filter (where url = any(${
        sql.array([...urls])
      }::text[])) as kept
        from import_file where import = ${source} and gone_at is null`;
      return row ?? { listed: 0, kept: 0 };
    },

    list: async (source, urls, forgetSeconds) => {
      const added = await sql`
        insert into import_file (import, url, seen_at)
        select ${source}, url, wayfarer_now()
        from unnest(${sql.array([...urls])}::text[]) with ordinality as listed (url, place)
        where not exists (select from import_file as known where known.import = ${source} and known.url = listed.url)
        order by place
        on conflict (import, url) do nothing`;
      await sql`
        update import_file set gone_at = null
        where import = ${source} and gone_at is not null and url = any(${
        sql.array([...urls])
      }::text[])`;
      if (forgetSeconds === undefined) return added.count;
      await sql`
        update import_file set gone_at = wayfarer_now()
        where import = ${source} and gone_at is null and url <> all(${
        sql.array([...urls])
      }::text[])`;
      await sql`
        delete from import_file
        where import = ${source} and gone_at < wayfarer_now() - ${forgetSeconds}::bigint`;
      return added.count;
    },

    due: async (source, afterId, limit) => {
      const rows = await sql<Row[]>`
        select id, url, attempts, encode(digest, 'hex') as digest, handled, inserted, revised,
               duplicates, unmatched, onsets_dropped as "onsetsDropped", skipped
        from import_file
        where import = ${source} and id > ${afterId} and state <> 'done' and gone_at is null
          and next_try_at <= wayfarer_now()
        order by id limit ${limit}`;
      return rows.map(({ id, url, attempts, digest, ...progress }) => ({
        id,
        url,
        attempts,
        digest: digest ?? undefined,
        progress,
      }));
    },

    restart: async (id, digest) => {
      await sql`
        update import_file set digest = decode(${digest}, 'hex'), handled = 0, inserted = 0, revised = 0,
          duplicates = 0, unmatched = 0, onsets_dropped = 0, skipped = '{}'
        where id = ${id} and state <> 'done'`;
    },

    fail: async (id, code, message, retrySeconds) => {
      await sql`
        update import_file set state = 'failed', attempts = attempts + 1, code = ${code},
          message = ${message}, next_try_at = wayfarer_now() + ${retrySeconds}::bigint
        where id = ${id} and state <> 'done'`;
    },

    keepOnly: async (sources) => {
      await sql`delete from import_file where import <> all(${sql.array([...sources])}::text[])`;
    },

    status: async () => {
      return await sql<ImportStatus[]>`
        select import,
          count(*) filter (where state = 'pending' and gone_at is null) as pending,
          count(*) filter (where state = 'done') as done,
          count(*) filter (where state = 'failed' and gone_at is null) as failed,
          sum(inserted) as inserted, sum(revised) as revised, sum(duplicates) as duplicates,
          sum(unmatched) as unmatched, sum(onsets_dropped) as "onsetsDropped",
          coalesce(sum((select sum(value::bigint) from jsonb_each_text(skipped)))::bigint, 0) as skipped,
          coalesce((
            select jsonb_agg(jsonb_build_object('url', url, 'code', code, 'message', message,
                             'attempts', attempts, 'nextTryAt', next_try_at))
            from (select * from import_file as one
                  where one.import = import_file.import and state = 'failed' and gone_at is null
                  order by next_try_at, id limit ${SHOWN_FAILURES}) as failure), '[]') as failures
        from import_file group by import order by import`;
    },
  };
}

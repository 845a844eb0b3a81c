import type { Database } from "../database.ts";

/** The reader of another server's list of files. */
export type IndexReader = { readonly reader: "import" | "mirror"; readonly name: string };

/** The URL of the list, and everything else that affects its processing. */
export type IndexUse = { readonly indexUrl: string; readonly purpose: string };

/** The status of a list of files, for display. Times are UTC seconds. */
export type IndexStatus = IndexReader & {
  readonly triedAt: number;
  readonly succeededAt: number | null;
  /** The reason why the last attempt failed; null when it succeeded. */
  readonly code: string | null;
  readonly message: string | null;
};

/** Lists of files of other servers. */
export type UpstreamIndexes = {
  /** The database's clock, in UTC seconds. */
  now(): Promise<number>;
  /** The entity tag of the last completely processed list; undefined if there is none, or it was for another use. */
  etag(reader: IndexReader, use: IndexUse): Promise<string | undefined>;
  /** Records that the list was processed; pass `etag` only if nothing of it is left to do. */
  succeeded(reader: IndexReader, use: IndexUse, etag: string | undefined): Promise<void>;
  failed(reader: IndexReader, use: IndexUse, code: string, message: string): Promise<void>;
  /**
   * Records that the list lacks so many files that it is held back, with `message` as the reason. Returns whether the
   * same list of `paths` was already held back `seconds` ago, and at every read since.
   */
  heldBack(
    reader: IndexReader,
    use: IndexUse,
    paths: readonly string[],
    message: string,
    seconds: number,
  ): Promise<boolean>;
  /** Deletes readers of this kind that are not among these. */
  keepOnly(reader: IndexReader["reader"], names: readonly string[]): Promise<void>;
  status(): Promise<readonly IndexStatus[]>;
};

/** Lists of files of other servers in the database. */
export function upstreamIndexes({ bulk: sql }: Database): UpstreamIndexes {
  return {
    now: async () => {
      const [row] = await sql<{ now: number }[]>`select wayfarer_now() as now`;
      return row?.now ?? 0;
    },
    etag: async ({ reader, name }, { indexUrl, purpose }) => {
      const [row] = await sql<{ etag: string | null }[]>`
        select etag from upstream_index
        where reader = ${reader} and name = ${name}
          and index_url = ${indexUrl} and purpose = ${purpose} and code is null`;
      return row?.etag ?? undefined;
    },
    succeeded: async ({ reader, name }, { indexUrl, purpose }, etag) => {
      await sql`
        insert into upstream_index (reader, name, index_url, purpose, etag, tried_at, succeeded_at)
        values (${reader}, ${name}, ${indexUrl}, ${purpose}, ${
        etag ?? null
      }, wayfarer_now(), wayfarer_now())
        on conflict (reader, name) do update
        set index_url = excluded.index_url, purpose = excluded.purpose, etag = excluded.etag,
            tried_at = excluded.tried_at, succeeded_at = excluded.succeeded_at, code = null, message = null`;
    },
    failed: async ({ reader, name }, { indexUrl, purpose }, code, message) => {
      await sql`
        insert into upstream_index (reader, name, index_url, purpose, tried_at, code, message)
        values (${reader}, ${name}, ${indexUrl}, ${purpose}, wayfarer_now(), ${code}, ${message})
        on conflict (reader, name) do update
        set index_url = excluded.index_url, purpose = excluded.purpose, etag = null,
            tried_at = excluded.tried_at, code = excluded.code, message = excluded.message`;
    },
    heldBack: async ({ reader, name }, { indexUrl, purpose }, paths, message, seconds) => {
      // A row with a code uses no entity tag, so the column identifies the list that is held back.
      const [row] = await sql<{ again: boolean }[]>`
        insert into upstream_index as known (reader, name, index_url, purpose, etag, tried_at, code, message)
        values (${reader}, ${name}, ${indexUrl}, ${purpose},
                'held:' || encode(sha256(convert_to(${paths.join("\n")}, 'UTF8')), 'hex'),
                wayfarer_now(), 'malformed_file', ${message})
        on conflict (reader, name) do update
        set tried_at = case when (known.index_url, known.purpose, known.etag)
                                 is distinct from (excluded.index_url, excluded.purpose, excluded.etag)
                            then excluded.tried_at else known.tried_at end,
            index_url = excluded.index_url, purpose = excluded.purpose, etag = excluded.etag,
            code = excluded.code, message = excluded.message
        returning tried_at <= wayfarer_now() - ${seconds}::bigint as again`;
      return row?.again ?? false;
    },
    keepOnly: async (reader, names) => {
      await sql`
        delete from upstream_index
        where reader = ${reader} and name <> all(${sql.array([...names])}::text[])`;
    },
    status: async () =>
      await sql<IndexStatus[]>`
        select reader, name, tried_at as "triedAt", succeeded_at as "succeededAt", code, message
        from upstream_index order by reader, name`,
  };
}

import type { Database } from "../database.ts";

/** The place of copies: a bucket and the first part of their names. */
export type MirrorPlace = { readonly bucket: string; readonly root: string };

/** A file of the other server's index. */
export type ListedFile = {
  /** Without its query. */
  readonly url: string;
  /** Name below the root; `[timestamp]` is filled in once. */
  readonly nameTemplate: string;
};

/** A copy to create. */
export type DueCopy = {
  readonly url: string;
  /** Whole name in the bucket. */
  readonly name: string;
  readonly position: number;
  readonly attempts: number;
};

/** The number of a place's copies in each state. Times are UTC seconds. */
export type MirrorStatus = MirrorPlace & {
  readonly stored: number;
  readonly pending: number;
  readonly failed: number;
  /** No longer in the index, but still in storage. */
  readonly unlisted: number;
  readonly lastStoredAt: number | null;
  readonly nextTryAt: number | null;
  /** The error of the first failed file in the index. */
  readonly code: string | null;
  readonly message: string | null;
};

/** Compares a new list with the previous one: its number of files, and how many of them the new list names. */
export type ListOverlap = { readonly listed: number; readonly kept: number };

/** Copies of other servers' files. */
export type MirrorFiles = {
  /** The number of copies in the list of a place, and how many of them are among these. */
  overlap(place: MirrorPlace, urls: readonly string[]): Promise<ListOverlap>;
  /**
   * Replaces the list of a place by these files, in this order. Files that are not named leave it if they were stored,
   * or first named, at least `unlistSeconds` ago; if undefined, they stay. Unless all of them leave, known files keep
   * their order and new ones follow. Returns the URLs that are left out because another file has their name.
   */
  list(
    place: MirrorPlace,
    files: readonly ListedFile[],
    unlistSeconds: number | undefined,
  ): Promise<readonly string[]>;
  /** Copies that are due after this position, in the order of the index, at most `limit`. */
  due(place: MirrorPlace, afterPosition: number, limit: number): Promise<readonly DueCopy[]>;
  stored(place: MirrorPlace, url: string, byteCount: number): Promise<void>;
  /** Keeps why it failed; it is due again in `retrySeconds`. */
  fail(
    place: MirrorPlace,
    url: string,
    code: string,
    message: string,
    retrySeconds: number,
  ): Promise<void>;
  /** The number of listed files that are not stored. */
  missing(place: MirrorPlace): Promise<number>;
  /**
   * Calls `write` with the names of all listed copies, in order. There is one writer at a time, and each reads the list
   * after the previous one has stored its own, so the newest always wins.
   */
  publish(place: MirrorPlace, write: (names: readonly string[]) => Promise<void>): Promise<void>;
  /** Names of copies that left the index at least that long ago, at most `limit`. */
  removable(place: MirrorPlace, unlistedSeconds: number, limit: number): Promise<readonly string[]>;
  /** Deletes the rows of copies that are no longer in storage. */
  removed(place: MirrorPlace, names: readonly string[]): Promise<void>;
  /** Places of copies. */
  places(): Promise<readonly MirrorPlace[]>;
  /** Removes all copies of a place from its list. */
  unlistAll(place: MirrorPlace): Promise<void>;
  /** Deletes the row of a place without copies. */
  forget(place: MirrorPlace): Promise<void>;
  status(): Promise<readonly MirrorStatus[]>;
};

/** Copies of other servers' files in the database. */
export function mirrorFiles({ bulk: sql }: Database): MirrorFiles {
  return {
    overlap: async ({ bucket, root }, urls) => {
      const [row] = await sql<ListOverlap[]>`
        select count(*) as listed, count(*) filter (where url = any(${
        sql.array([...urls])
      }::text[])) as kept
        from mirror_file where bucket = ${bucket} and root = ${root} and unlisted_at is null`;
      return row ?? { listed: 0, kept: 0 };
    },

    list: async ({ bucket, root }, files, unlistSeconds) =>
      await sql.begin(async (tx) => {
        await tx`
          insert into mirror_index (bucket, root, written_at, file_count) values (${bucket}, ${root}, 0, 0)
          on conflict (bucket, root) do nothing`;
        await tx`select from mirror_index where bucket = ${bucket} and root = ${root} for update`;
        const whole = unlistSeconds === 0;
        const urls = tx.array(files.map(({ url }) => url));
        const templates = tx.array(files.map(({ nameTemplate }) => nameTemplate));
        await tx`
          with added as (
            select url, template, place, row_number() over (order by place) - 1 as number
            from unnest(${urls}::text[], ${templates}::text[]) with ordinality as listed (url, template, place)
            where not exists (select from mirror_file as known
                              where bucket = ${bucket} and root = ${root} and known.url = listed.url)
          ), first as (
            select greatest(wayfarer_now(), max(stamp) + 1) as stamp,
                   case when ${whole} then 0 else coalesce(max(position), 0) end as before
            from mirror_file where bucket = ${bucket} and root = ${root}
          )
          insert into mirror_file (bucket, root, url, name, position, stamp)
          select ${bucket}, ${root}, url,
                 ${root} || '/' || replace(template, '[timestamp]', (stamp + number)::text),
                 before + place, stamp + number
          from added, first order by place
          on conflict do nothing`;
        await tx`
          update mirror_file
          set position = case when ${whole} then place else position end, unlisted_at = null
          from unnest(${urls}::text[]) with ordinality as listed (url, place)
          where bucket = ${bucket} and root = ${root} and mirror_file.url = listed.url
            and (${whole} and position <> place or unlisted_at is not null)`;
        if (unlistSeconds !== undefined) {
          await tx`
            update mirror_file set unlisted_at = wayfarer_now()
            where bucket = ${bucket} and root = ${root} and unlisted_at is null
              and url <> all(${urls}::text[])
              and coalesce(stored_at, stamp) <= wayfarer_now() - ${unlistSeconds}::bigint`;
        }
        const homeless = await tx<{ url: string }[]>`
          select url from unnest(${urls}::text[]) as url
          where not exists (select from mirror_file as known
                            where bucket = ${bucket} and root = ${root} and known.url = url.url)`;
        return homeless.map(({ url }) => url);
      }),

    due: async ({ bucket, root }, afterPosition, limit) =>
      await sql<DueCopy[]>`
        select url, name, position, attempts from mirror_file
        where bucket = ${bucket} and root = ${root} and position > ${afterPosition}
          and stored_at is null and unlisted_at is null and next_try_at <= wayfarer_now()
        order by position limit ${limit}`,

    stored: async ({ bucket, root }, url, byteCount) => {
      await sql`
        update mirror_file set stored_at = wayfarer_now(), byte_count = ${byteCount},
          code = null, message = null
        where bucket = ${bucket} and root = ${root} and url = ${url}`;
    },

    fail: async ({ bucket, root }, url, code, message, retrySeconds) => {
      await sql`
        update mirror_file set attempts = attempts + 1, code = ${code}, message = ${message},
          next_try_at = wayfarer_now() + ${retrySeconds}::bigint
        where bucket = ${bucket} and root = ${root} and url = ${url} and stored_at is null`;
    },

    missing: async ({ bucket, root }) => {
      const [row] = await sql<{ missing: number }[]>`
        select count(*) as missing from mirror_file
        where bucket = ${bucket} and root = ${root} and stored_at is null and unlisted_at is null`;
      return row?.missing ?? 0;
    },

    publish: async ({ bucket, root }, write) => {
      await sql.begin(async (tx) => {
        await tx`select from mirror_index where bucket = ${bucket} and root = ${root} for update`;
        const files = await tx<{ name: string }[]>`
          select name from mirror_file
          where bucket = ${bucket} and root = ${root} and stored_at is not null and unlisted_at is null
          order by position`;
        await write(files.map(({ name }) => name));
        await tx`
          update mirror_index set written_at = wayfarer_now(), file_count = ${files.length}
          where bucket = ${bucket} and root = ${root}`;
      });
    },

    removable: async ({ bucket, root }, unlistedSeconds, limit) => {
      const rows = await sql<{ name: string }[]>`
        select name from mirror_file
        where bucket = ${bucket} and root = ${root}
          and unlisted_at <= wayfarer_now() - ${unlistedSeconds}::bigint
        order by position limit ${limit}`;
      return rows.map(({ name }) => name);
    },

    removed: async ({ bucket, root }, names) => {
      await sql`
        delete from mirror_file
        where bucket = ${bucket} and root = ${root} and unlisted_at is not null
          and name = any(${sql.array([...names])}::text[])`;
    },

    places: async () =>
      await sql<MirrorPlace[]>`select bucket, root from mirror_index order by bucket, root`,

    unlistAll: async ({ bucket, root }) => {
      await sql`
        update mirror_file set unlisted_at = wayfarer_now()
        where bucket = ${bucket} and root = ${root} and unlisted_at is null`;
    },

    forget: async ({ bucket, root }) => {
      await sql`
        delete from mirror_index where bucket = ${bucket} and root = ${root}
          and not exists (select from mirror_file where bucket = ${bucket} and root = ${root})`;
    },

    status: async () =>
      await sql<MirrorStatus[]>`
        select bucket, root,
          count(*) filter (where stored_at is not null and unlisted_at is null) as stored,
          count(*) filter (where stored_at is null and unlisted_at is null and code is null) as pending,
          count(*) filter (where stored_at is null and unlisted_at is null and code is not null) as failed,
          count(*) filter (where unlisted_at is not null) as unlisted,
          max(stored_at) as "lastStoredAt",
          min(next_try_at) filter (where stored_at is null and unlisted_at is null and code is not null)
            as "nextTryAt",
          (array_agg(code order by position)
            filter (where stored_at is null and unlisted_at is null and code is not null))[1] as code,
          (array_agg(message order by position)
            filter (where stored_at is null and unlisted_at is null and code is not null))[1] as message
        from mirror_file group by bucket, root order by bucket, root`,
  };
}

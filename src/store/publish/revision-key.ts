import type { Database } from "../database.ts";
import { storeFailure } from "../failure.ts";

/** A data key of revision tokens, wrapped. */
export type RevisionKeyRow = {
  readonly id: string;
  readonly wrapped: Uint8Array;
  /** The key that wraps it; undefined for a row of a version that did not tell. */
  readonly wrappedBy?: string | undefined;
  /** UTC seconds by the database's clock. */
  readonly createdAt: number;
};

/** Wrapped data keys of revision tokens. */
export type RevisionKeyStore = {
  /** Newest first. Throws `database_unavailable`. */
  list(): Promise<readonly RevisionKeyRow[]>;
  /** Adds a key unless one is younger than `periodSeconds` by then; of several processes one adds. */
  addUnlessYounger(
    key: Omit<RevisionKeyRow, "createdAt">,
    periodSeconds: number,
  ): Promise<boolean>;
  /** Whether every key is at least so old, or there is none. */
  isDue(periodSeconds: number): Promise<boolean>;
  /** Deletes keys whose successor is at least so old. Answers how many. */
  deleteSucceeded(seconds: number): Promise<number>;
};

/** Wrapped data keys in the database. */
export function revisionKeyStore({ sql }: Database): RevisionKeyStore {
  return {
    list: async () => {
      try {
        const rows = await sql<(RevisionKeyRow & { readonly by: string | null })[]>`
          select id, wrapped, created_at as "createdAt", wrapped_by as "by" from revision_key
          order by created_at desc, id desc`;
        return rows.map(({ by, ...row }) => ({ ...row, wrappedBy: by ?? undefined }));
      } catch (error) {
        throw storeFailure(error);
      }
    },
    addUnlessYounger: async ({ id, wrapped, wrappedBy }, periodSeconds) =>
      await sql.begin(async (transaction) => {
        await transaction`lock table revision_key in share row exclusive mode`;
        const done = await transaction`
          insert into revision_key (id, wrapped, wrapped_by, created_at)
          select ${id}, ${wrapped}::bytea, ${wrappedBy ?? null}::text, wayfarer_now()
          where not exists (
            select from revision_key where created_at > wayfarer_now() - ${periodSeconds}::bigint)`;
        return done.count === 1;
      }),
    isDue: async (periodSeconds) => {
      const [row] = await sql<{ due: boolean }[]>`
        select not exists (
          select from revision_key where created_at > wayfarer_now() - ${periodSeconds}::bigint
        ) as due`;
      return row?.due === true;
    },
    deleteSucceeded: async (seconds) => {
      const done = await sql`
        delete from revision_key old
        where exists (
          select from revision_key newer
          where (newer.created_at, newer.id) > (old.created_at, old.id)
            and newer.created_at <= wayfarer_now() - ${seconds}::bigint)`;
      return done.count;
    },
  };
}

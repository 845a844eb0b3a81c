import { sqlState } from "../database.ts";
import type { Sql, Transaction } from "../sql.ts";

/** An exposure in the order of their age. */
export type ExposurePosition = { readonly createdAt: number; readonly key: Uint8Array };

/** How many were deleted, and where to go on; no position when none are left. */
export type DeletedExposures = { readonly deleted: number; readonly next?: ExposurePosition };

/** How long a delete waits for somebody who works on a row, before it passes over such rows. */
const LOCK_TIMEOUT_MS = 200;
const LOCK_NOT_AVAILABLE = "55P03";

/**
 * Deletes at most `limit` exposures published before a second, oldest first, after a position. Rows that somebody works
 * on are passed over.
 */
export async function deleteExposures(
  bulk: Sql,
  before: number,
  after: ExposurePosition | undefined,
  limit: number,
): Promise<DeletedExposures> {
  const from = after ?? { createdAt: 0, key: NO_KEY };
  // They are younger than their keys.
  await bulk`
    delete from exposure_region where ctid = any (array(
      select ctid from exposure_region where added_at < ${before} limit ${limit}))`;
  try {
    return await deleteInOrder(bulk, before, from, limit);
  } catch (error) {
    // Locking rows to pass over those that are held costs more than deleting: only when some are.
    if (sqlState(error) === LOCK_NOT_AVAILABLE) return await deleteFree(bulk, before, from, limit);
    throw error;
  }
}

/** Less than any key. */
const NO_KEY = new Uint8Array(0);

/** What a crash brings back is deleted by the next run: nobody has to wait for the disk. */
async function relaxed<T>(bulk: Sql, work: (sql: Transaction) => Promise<T>): Promise<T> {
  const done = await bulk.begin(async (sql) => {
    await sql`set local synchronous_commit = off`;
    await sql.unsafe(`set local lock_timeout = ${LOCK_TIMEOUT_MS}`);
    return { answer: await work(sql) };
  });
  return done.answer;
}

/** Whole windows as far as the limit goes, in the order in which they lie on the disk; a larger one in parts. */
async function deleteInOrder(
  bulk: Sql,
  before: number,
  from: ExposurePosition,
  limit: number,
): Promise<DeletedExposures> {
  return await relaxed(bulk, async (sql) => {
    const [span] = await sql<{ rows: number; first: number | null; last: number }[]>`
      select count(*) as rows, min(created_at) as first, max(created_at) as last from (
        select created_at from exposure
        where created_at < ${before} and (created_at, key) > (${from.createdAt}, ${from.key})
        order by created_at, key limit ${limit}) as old`;
    if (span === undefined || span.first === null) return { deleted: 0 };
    const { rows, first, last } = span;
    if (rows === limit && last === first) {
      return await deletePart(sql, first, first === from.createdAt ? from.key : NO_KEY, limit);
    }
    const until = rows === limit ? last : before;
    const { count } = await sql`
      delete from exposure where created_at >= ${first} and created_at < ${until}`;
    if (rows < limit) return { deleted: count };
    return { deleted: count, next: { createdAt: until, key: NO_KEY } };
  });
}

/** The next part of a window that is larger than the limit. */
async function deletePart(
  sql: Transaction,
  createdAt: number,
  after: Uint8Array,
  limit: number,
): Promise<DeletedExposures> {
  const [last] = await sql<{ key: Uint8Array }[]>`
    select key from (
      select key from exposure where created_at = ${createdAt} and key > ${after}
      order by key limit ${limit}) as part
    order by key desc limit 1`;
  if (last === undefined) return { deleted: 0 };
  const { count } = await sql`
    delete from exposure where created_at = ${createdAt} and key > ${after} and key <= ${last.key}`;
  return { deleted: count, next: { createdAt, key: last.key } };
}

/** Those that nobody works on. */
async function deleteFree(
  bulk: Sql,
  before: number,
  from: ExposurePosition,
  limit: number,
): Promise<DeletedExposures> {
  return await relaxed(bulk, async (sql) => {
    const [last] = await sql<(ExposurePosition & { deleted: number })[]>`
      with old as materialized (
        select ctid as place, created_at, key from exposure
        where created_at < ${before} and (created_at, key) > (${from.createdAt}, ${from.key})
        order by created_at, key limit ${limit} for update skip locked
      ), gone as (
        -- By place: no index to search, and no table to join.
        delete from exposure where ctid = any (array(select place from old)) returning true
      )
      select created_at as "createdAt", key, (select count(*) from gone) as deleted
      from old order by created_at desc, key desc limit 1`;
    if (last === undefined) return { deleted: 0 };
    const { deleted, ...next } = last;
    return deleted < limit ? { deleted } : { deleted, next };
  });
}

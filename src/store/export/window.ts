import type postgres from "postgres";
import type { Sql, Transaction } from "../sql.ts";
import type { SeriesId } from "./batch.ts";

/** Runs a transaction that excludes other scheduling of windows, padding of keys and planning of files. */
export async function inTurn<T>(
  bulk: Sql,
  action: (transaction: Transaction) => Promise<T>,
): Promise<T> {
  const { answer } = await bulk.begin(async (transaction) => {
    await transaction`insert into export_turn values (true) on conflict (id) do update set id = true`;
    return { answer: await action(transaction) };
  });
  return answer;
}

/**
 * Whether a row of `export_batch` belongs to one of these series; the rows of a deleted config wait until it is
 * restored.
 */
export function ofSeries(sql: Sql | Transaction, series: readonly SeriesId[]): postgres.Fragment {
  return sql`(config, series) in (select * from unnest(
    ${sql.array(series.map((one) => one.config))}::text[],
    ${sql.array(series.map((one) => one.series))}::text[]))`;
}

/** A `with` clause: `unsettled` are the windows of these series that may still get generated keys. */
export function unsettledOf(
  sql: Sql | Transaction,
  series: readonly SeriesId[],
): postgres.Fragment {
  return sql`with unsettled as materialized (
    select starts_at, ends_at from export_batch where state = 'open' and ${ofSeries(sql, series)})`;
}

/** Whether the row `batch` overlaps a row of {@link unsettledOf}. */
export function overlapsUnsettled(sql: Sql | Transaction): postgres.Fragment {
  return sql`exists (
    select from unsettled as other
    where other.starts_at < batch.ends_at and other.ends_at > batch.starts_at)`;
}

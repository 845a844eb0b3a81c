import { sentValue } from "./array-literal.ts";
import { type Column, columnOf } from "./columns.ts";
import { createdAtSql, revisedAtSql, type WindowRules } from "./window-sql.ts";

/** Where new rows come from. */
export type InsertSource = {
  /** A relation with the columns `interval_number` and `interval_count`, called `sent`. */
  readonly from: string;
  /** The columns that are filled from it. */
  readonly columns: readonly Column[];
  /** Values of other columns, and of those that `from` has in another form: SQL. */
  readonly values?: Readonly<Partial<Record<Column, string>>>;
  /** The process's clock in UTC seconds: SQL. */
  readonly processNow: string;
  /** A column of `from` that orders rows of the same key. */
  readonly then?: string;
};

/**
 * SQL that inserts keys, with the window that each belongs to; `on conflict` may follow. In the order of the keys: two
 * statements that want the same keys wait for each other in one direction only.
 */
export function insertExposuresSql(
  { from, columns, values = {}, processNow, then }: InsertSource,
  rules: WindowRules,
): string {
  const filled: Readonly<Partial<Record<Column, string>>> = {
    ...Object.fromEntries(columns.map((column) => [column, sentValue(column)])),
    ...values,
  };
  return `insert into exposure (${Object.keys(filled).join(", ")}, created_at)
    select ${Object.values(filled).join(", ")}, ${createdAtSql(rules, processNow)}
    from ${from} order by sent.key${then === undefined ? "" : `, sent.${then}`}`;
}

/**
 * SQL that gives keys their one revision: `from` is a relation called `sent` with the key and the new values of
 * `columns`, those of them that have a revised one. Regions are added to those that a key has.
 */
export function reviseExposuresSql(
  from: string,
  columns: readonly Column[],
  windowSeconds: number,
): string {
  const revised = columns.flatMap((column) => {
    const { revised: after } = columnOf(column);
    return after === undefined ? [] : [`${after} = ${sentValue(column)}`];
  });
  const united = columns.includes("regions") ? [UNITED_REGIONS] : [];
  return `update exposure set
      ${[`revised_at = ${revisedAtSql(windowSeconds)}`, ...revised, ...united].join(",\n      ")}
    from ${from} where exposure.key = sent.key and exposure.revised_at is null`;
}

const UNITED_REGIONS = `regions = exposure.regions || array(
        select region from unnest(${sentValue("regions")}) as region
        where region <> all (exposure.regions))`;

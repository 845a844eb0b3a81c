import { AppError } from "../../errors.ts";
import type { Transaction } from "../sql.ts";
import type { PaddingModel } from "../../model/padding-key.ts";
import { byteaArray, columnArrays } from "./array-literal.ts";
import { columnOf, COPIED_COLUMNS, KEY_COLUMNS, membersSql, type RowOf } from "./columns.ts";
import {
  enteringSql,
  type KeyPart,
  type KeyRules,
  PART_RELATIONS,
  type Span,
  whole,
} from "./selection.ts";

/** How many keys of each part an export of a window has, but at most `limit` of each. */
export async function countEntering(
  sql: Transaction,
  span: Span,
  rules: KeyRules,
  limit: number,
): Promise<Readonly<Record<KeyPart, number>>> {
  const count = (part: KeyPart): string =>
    `(select count(*) from (select from ${PART_RELATIONS[part]}
      where ${enteringSql(part, span, rules)} limit ${whole(limit)}) as enough) as ${part}`;
  const [row] = await sql.unsafe<Record<KeyPart, number>[]>(
    `select ${count("keys")}, ${count("revised")}`,
  );
  if (row === undefined) throw new AppError("internal", "a count answered no row");
  return row;
}

/** A key that others are made up after. */
export type ModelRow = PaddingModel & { readonly key: Uint8Array };

/** Keys that meet any of these conditions, at most `limit` of each, chosen by their bytes: at random, that is. */
export async function modelRows(
  sql: Transaction,
  conditions: readonly string[],
  limit: number,
): Promise<readonly ModelRow[]> {
  const each = conditions.map((where) =>
    `(select ${membersSql(OWN_COLUMNS, "exposure")}, created_at as "createdAt"
      from exposure where ${where} order by key limit ${whole(limit)})`
  );
  const rows = await sql.unsafe<(ModelRow & { daysSinceOnset: number | null })[]>(
    each.join(" union all "),
  );
  return rows.map(({ daysSinceOnset, ...row }) => ({
    ...row,
    daysSinceOnset: daysSinceOnset ?? undefined,
  }));
}

/** A key that is made up; the rest of it is that of the model with this key. */
export type GeneratedKey = RowOf<OwnColumn> & { readonly modelKey: Uint8Array };

type OwnColumn = "key" | "interval_number" | "interval_count" | "days_since_onset";
const OWN_COLUMNS: readonly OwnColumn[] = [
  ...["key", "interval_number", "interval_count", "days_since_onset"] as const,
];

/** Inserts made-up keys; each has all of its model but what is its own, the provenance and the revision. */
export async function insertGenerated(
  sql: Transaction,
  keys: readonly GeneratedKey[],
  createdAt: number,
): Promise<void> {
  const lent = KEY_COLUMNS.filter((column) => !OWN_COLUMNS.some((own) => own === column));
  await sql.unsafe(
    `insert into exposure (${[...OWN_COLUMNS, ...lent].join(", ")}, created_at, source)
     select ${OWN_COLUMNS.map((column) => `made.${column}`).join(", ")},
            ${lent.map((column) => `real.${column}`).join(", ")}, $1::bigint, 'generated'
     from unnest($2::bytea[], $3::bytea[], $4::int[], $5::smallint[], $6::smallint[])
          as made (model_key, ${OWN_COLUMNS.join(", ")})
     join exposure as real on real.key = made.model_key
     order by made.key
     on conflict (key) do nothing`,
    [
      createdAt,
      byteaArray(keys.map((key) => key.modelKey)),
      ...columnArrays(OWN_COLUMNS, [{ common: {}, rows: keys }]),
    ],
  );
}

/** Which made-up keys are to look revised, and after which real revisions. */
export type GeneratedRevisions = {
  /** The condition for made-up keys that may be. */
  readonly candidates: string;
  /** The condition for the real revisions that lend theirs. */
  readonly models: string;
  readonly count: number;
  readonly revisedAt: number;
  /** Text that nobody can guess: it decides which candidates and models are taken. */
  readonly salt: string;
};

/**
 * Revises made-up keys as real ones of the same report type were: at most `count`, fewer when there are not so many.
 * Days since onset stay what they were where the revision has any. Answers how many.
 */
export async function reviseGenerated(
  sql: Transaction,
  { candidates, models, count, revisedAt, salt }: GeneratedRevisions,
): Promise<number> {
  const revised = COPIED_COLUMNS.flatMap((column) => columnOf(column).revised ?? []);
  const values = revised.map((column) =>
    column === "revised_days_since_onset"
      ? `${column} = case when model.${column} is not null then exposure.days_since_onset end`
      : `${column} = model.${column}`
  );
  const shuffled = (key: string): string => `sha256(${key} || convert_to($1::text, 'UTF8'))`;
  const done = await sql.unsafe(
    `with model as materialized (
       select report_type, ${revised.join(", ")},
              row_number() over (partition by report_type order by ${shuffled("key")}) - 1 as place,
              count(*) over (partition by report_type) as among
       from exposure where ${models}
     ), chosen as materialized (
       select key, report_type, row_number() over (partition by report_type order by shuffle) - 1 as place
       from (select key, report_type, ${shuffled("key")} as shuffle from exposure
             where source = 'generated' and revised_at is null and ${candidates}
               and report_type in (select report_type from model)
             order by shuffle limit ${whole(count)}) as candidate
     )
     update exposure set revised_at = $2::bigint, ${values.join(", ")}
     from chosen join model
       on model.report_type = chosen.report_type and model.place = chosen.place % model.among
     where exposure.key = chosen.key`,
    [salt, revisedAt],
  );
  return done.count;
}

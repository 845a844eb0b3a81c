import { AppError } from "../../errors.ts";
import type { Transaction } from "../sql.ts";
import { byteaArray } from "./array-literal.ts";
import { KEY_COLUMNS } from "./columns.ts";

/** How many rows meet each condition, but at most `limit` of each. */
export async function countRows<Name extends string>(
  sql: Transaction,
  conditions: Readonly<Record<Name, string>>,
  limit: number,
): Promise<Readonly<Record<Name, number>>> {
  const counts = Object.entries<string>(conditions).map(([name, where]) =>
    `(select count(*) from (select from exposure where ${where} limit ${limit}) as enough) as "${name}"`
  );
  const [row] = await sql.unsafe<Record<Name, number>[]>(`select ${counts.join(", ")}`);
  if (row === undefined) throw new AppError("internal", "a count answered no row");
  return row;
}

/** Keys that are made up. */
export type GeneratedKeys = {
  readonly keys: readonly Uint8Array[];
  /** The condition for the rows that lend their metadata. */
  readonly models: string;
  /** For each key, the place of its model in the order of keys, from 0. */
  readonly modelOf: readonly number[];
  readonly createdAt: number;
};

/** Inserts made-up keys; each has all of its model but the key, the provenance and the revision. */
export async function insertGenerated(
  sql: Transaction,
  { keys, models, modelOf, createdAt }: GeneratedKeys,
): Promise<void> {
  const metadata = KEY_COLUMNS.filter((column) => column !== "key").join(", ");
  await sql.unsafe(
    `insert into exposure (key, ${metadata}, created_at, source)
     select made.key, ${metadata}, $3::bigint, 'generated'
     from unnest($1::bytea[], $2::int[]) as made (key, model)
     join (select ${metadata}, row_number() over (order by key) - 1 as model
           from exposure where ${models}) as real using (model)
     on conflict (key) do nothing`,
    [byteaArray(keys), `{${modelOf.join(",")}}`, createdAt],
  );
}

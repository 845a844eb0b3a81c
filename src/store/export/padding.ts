import { AppError } from "../../errors.ts";
import { DAY_SECONDS } from "../../model/interval.ts";
import type { Transaction } from "../sql.ts";
import { countRows, insertGenerated } from "../exposure/generated.ts";
import { type KeyRules, selectionSql, type Span, takesSql } from "../exposure/selection.ts";

/** How generated keys are made. */
export type PaddingPlan = {
  /** A window with fewer keys, but any, is filled. */
  readonly minRecords: number;
  /** How many keys more than `minRecords` it then gets at most. */
  readonly range: number;
  /** This many random bytes. */
  readonly randomBytes: (length: number) => Uint8Array;
};

/** A window whose keys are not settled. */
export type OpenBatch = Span & {
  readonly id: number;
  readonly config: string;
  readonly series: string;
};

/** Which keys a series takes. */
export type SeriesRules = {
  readonly config: string;
  readonly series: string;
  readonly rules: KeyRules;
};

/**
 * Fills a window that holds fewer keys than it should, but any, with random keys; each has the metadata of a key
 * of that window, regions included, so that it is in every export that the other is in. They go into the last
 * second of the window: no export that ended earlier can have missed them. Exports whose files are already planned
 * or stored get none: a key of theirs is no model, and without any other the window stays as it is.
 */
export async function fillWindow(
  sql: Transaction,
  batch: OpenBatch,
  plans: readonly SeriesRules[],
  { minRecords, range, randomBytes }: PaddingPlan,
): Promise<void> {
  const rulesOf = (one: { config: string; series: string }): KeyRules | undefined =>
    plans.find((plan) => plan.config === one.config && plan.series === one.series)?.rules;
  const rules = rulesOf(batch);
  if (rules === undefined) throw new AppError("internal", "a window without its series was opened");
  const createdAt = batch.endsAt - 1;
  const fixed = await sql<(Omit<SeriesRules, "rules"> & { readonly rules: KeyRules | null })[]>`
    select distinct config, series, plan -> 'rules' as rules from export_batch
    where starts_at <= ${createdAt} and ends_at > ${createdAt} and ends_at <= ${
    createdAt + DAY_SECONDS
  }
      and id <> ${batch.id} and (plan is not null or state in ('written', 'complete'))`;
  const free = fixed.map((one) => one.rules ?? rulesOf(one))
    .map((taken) => taken === undefined ? "true" : `not (${takesSql(taken)})`);
  const primary = selectionSql("keys", batch, rules);
  const asKeys = [primary, ...free].join(" and ");
  const asRevised = [selectionSql("revised", batch, rules), ...free].join(" and ");
  const found = await countRows(
    sql,
    { keys: primary, primary: asKeys, revised: asRevised },
    minRecords,
  );
  const [models, modelCount] = found.primary > 0
    ? [asKeys, found.primary]
    : [asRevised, found.revised];
  if (modelCount === 0 || found.keys >= minRecords) return;

  const random = uniform(randomBytes);
  const wanted = minRecords + random(range + 1) - found.keys;
  const bytes = randomBytes(wanted * 16);
  await insertGenerated(sql, {
    keys: Array.from({ length: wanted }, (_, i) => bytes.subarray(i * 16, i * 16 + 16)),
    models,
    modelOf: Array.from({ length: wanted }, () => random(modelCount)),
    createdAt,
  });
  // Settled windows that these fall into are looked at again.
  await sql`
    update export_batch set state = 'open', generation = generation + 1
    where state = 'padded' and plan is null and starts_at <= ${createdAt} and ends_at > ${createdAt}
      and id <> ${batch.id}`;
}

/** Whole numbers below a bound of at most 2^24, each equally likely. */
function uniform(randomBytes: (length: number) => Uint8Array): (below: number) => number {
  const space = 2 ** 32;
  return (below) => {
    for (;;) {
      const bytes = randomBytes(4);
      const value = new DataView(bytes.buffer, bytes.byteOffset, 4).getUint32(0);
      if (value < space - space % below) return value % below;
    }
  };
}

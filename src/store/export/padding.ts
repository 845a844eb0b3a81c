import { Buffer } from "node:buffer";
import { AppError } from "../../errors.ts";
import { KEY_BYTES } from "../../model/exposure.ts";
import { DAY_SECONDS } from "../../model/interval.ts";
import { paddingKeys, type UniformBelow } from "../../model/padding-key.ts";
import type { Transaction } from "../sql.ts";
import {
  countEntering,
  insertGenerated,
  type ModelRow,
  modelRows,
  reviseGenerated,
} from "../exposure/generated.ts";
import { type KeyRules, selectionSql, type Span, takesSql } from "../exposure/selection.ts";

/** Settings of generated keys. */
export type PaddingPlan = {
  /** A window with fewer keys, but not none, is padded. */
  readonly minRecords: number;
  /** The most keys beyond `minRecords` that padding adds. */
  readonly range: number;
  /** Returns this many random bytes. */
  readonly randomBytes: (length: number) => Uint8Array;
};

/** A window whose keys are not final. */
export type OpenBatch = Span & {
  readonly id: number;
  readonly config: string;
  readonly series: string;
};

/** The rules for the keys of a series. */
export type SeriesRules = {
  readonly config: string;
  readonly series: string;
  readonly rules: KeyRules;
};

/** How many days before a window supply models for its generated keys. */
const MODEL_DAYS = 7;
/** The most models from one day. */
const MODELS_A_DAY = 1000;
/** How many days back generated keys may be revised. */
const REVISED_DAYS = 10;
/** The minimum number of keys is divided by this for the minimum number of revised keys. */
const KEYS_A_REVISION = 10;

/**
 * Pads a window that holds too few keys, but not none, with random keys. Their metadata, including regions, are drawn
 * from keys published at the same time of day on the days before, so each is in every export that such a key is in; see
 * `paddingKeys`. Too few revised keys are padded with revisions of keys that were generated earlier. All are placed in
 * the last second of the window, so no export that ended earlier can have missed them. Exports whose files are already
 * planned or stored get none: their keys cannot be models, and without other models the window stays unchanged.
 */
export async function fillWindow(
  sql: Transaction,
  batch: OpenBatch,
  plans: readonly SeriesRules[],
  plan: PaddingPlan,
): Promise<void> {
  const rules = rulesOf(plans, batch);
  if (rules === undefined) throw new AppError("internal", "a window without its series was opened");
  const at = batch.endsAt - 1;
  const free = await freeSql(sql, batch, plans);
  const window = { batch, rules, free, at };
  const found = await countEntering(sql, batch, rules, plan.minRecords);
  if (found.keys + found.revised === 0) return;
  const made = await addKeys(sql, window, found.keys, plan) +
    await addRevisions(sql, window, found.revised, plan);
  if (made === 0) return;
  // Opens the settled windows that contain the new keys again.
  await sql`
    update export_batch set state = 'open', generation = generation + 1
    where state = 'padded' and plan is null and starts_at <= ${at} and ends_at > ${at}
      and id <> ${batch.id}`;
}

/**
 * A window to pad. `free` are conditions for keys that no export with planned or stored files takes; new keys are
 * placed in second `at`.
 */
type FilledWindow = {
  readonly batch: OpenBatch;
  readonly rules: KeyRules;
  readonly free: readonly string[];
  readonly at: number;
};

const rulesOf = (
  plans: readonly SeriesRules[],
  one: { readonly config: string; readonly series: string },
): KeyRules | undefined =>
  plans.find((plan) => plan.config === one.config && plan.series === one.series)?.rules;

async function freeSql(
  sql: Transaction,
  batch: OpenBatch,
  plans: readonly SeriesRules[],
): Promise<readonly string[]> {
  const at = batch.endsAt - 1;
  const fixed = await sql<(Omit<SeriesRules, "rules"> & { readonly rules: KeyRules | null })[]>`
    select distinct config, series, plan -> 'rules' as rules from export_batch
    where starts_at <= ${at} and ends_at > ${at} and ends_at <= ${at + DAY_SECONDS}
      and id <> ${batch.id} and (plan is not null or state in ('written', 'complete'))`;
  return fixed.map((one) => one.rules ?? rulesOf(plans, one))
    .map((taken) => taken === undefined ? "true" : `not (${takesSql(taken)})`);
}

/** Adds keys up to the minimum plus a random few. Returns how many. */
async function addKeys(
  sql: Transaction,
  { batch, rules, free, at }: FilledWindow,
  present: number,
  { minRecords, range, randomBytes }: PaddingPlan,
): Promise<number> {
  if (present >= minRecords) return 0;
  const days = Array.from({ length: MODEL_DAYS }, (_, day) => {
    const span = {
      startsAt: batch.startsAt - day * DAY_SECONDS,
      endsAt: batch.endsAt - day * DAY_SECONDS,
    };
    return [selectionSql("keys", span, rules), "source <> 'generated'", ...free].join(" and ");
  });
  const fallbacks = (["keys", "revised"] as const).map((part) => [
    [selectionSql(part, batch, rules), ...free].join(" and "),
  ]);
  let models: readonly ModelRow[] = [];
  for (const conditions of [days, ...fallbacks]) {
    if (models.length === 0) models = await modelRows(sql, conditions, MODELS_A_DAY);
  }
  if (models.length === 0) return 0;
  const below = uniform(randomBytes, 1024);
  const wanted = minRecords + below(range + 1) - present;
  const bytes = randomBytes(wanted * KEY_BYTES);
  const keys = paddingKeys(models, batch, wanted, below).map(({ model, ...own }, index) => ({
    ...own,
    key: bytes.subarray(index * KEY_BYTES, (index + 1) * KEY_BYTES),
    modelKey: models[model]?.key ?? new Uint8Array(),
  }));
  await insertGenerated(sql, keys, at);
  return wanted;
}

/** Revises generated keys of earlier windows. Returns how many. */
async function addRevisions(
  sql: Transaction,
  { batch, rules, free, at }: FilledWindow,
  present: number,
  { minRecords, range, randomBytes }: PaddingPlan,
): Promise<number> {
  const least = Math.ceil(minRecords / KEYS_A_REVISION);
  if (present >= least) return 0;
  const { startsAt, endsAt } = batch;
  const models = { startsAt: startsAt - MODEL_DAYS * DAY_SECONDS, endsAt };
  const candidates = { startsAt: startsAt - REVISED_DAYS * DAY_SECONDS, endsAt: startsAt };
  return await reviseGenerated(sql, {
    candidates: [selectionSql("keys", candidates, rules), ...free].join(" and "),
    models: [selectionSql("revised", models, rules), "source <> 'generated'"].join(" and "),
    count: least + uniform(randomBytes, 1)(Math.ceil(range / KEYS_A_REVISION) + 1) - present,
    revisedAt: at,
    salt: Buffer.from(randomBytes(16)).toString("hex"),
  });
}

/** Whole numbers below a bound of at most 2^24, uniformly distributed; draws `atOnce` random numbers at a time. */
function uniform(randomBytes: (length: number) => Uint8Array, atOnce: number): UniformBelow {
  const space = 2 ** 32;
  let numbers: DataView = new DataView(new ArrayBuffer(0));
  let at = 0;
  return (below) => {
    for (;;) {
      if (at === numbers.byteLength) {
        const bytes = randomBytes(atOnce * 4);
        numbers = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
        at = 0;
      }
      const value = numbers.getUint32(at);
      at += 4;
      if (value < space - space % below) return value % below;
    }
  };
}

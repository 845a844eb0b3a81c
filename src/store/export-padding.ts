import type { Transaction } from "./database.ts";
import { type KeyRules, selectionSql, type Span } from "./export-keys.ts";

/** How generated keys are made. */
export type PaddingPlan = {
  /** A window with fewer keys, but any, is filled. */
  readonly minRecords: number;
  /** How many keys more than `minRecords` it then gets at most. */
  readonly range: number;
  /** Length, in seconds, of the windows that `created_at` is cut to. */
  readonly windowSeconds: number;
  /** This many random bytes. */
  readonly randomBytes: (length: number) => Uint8Array;
};

/** A window whose keys are not settled. */
export type OpenBatch = Span & {
  readonly id: number;
  readonly config: string;
  readonly series: string;
};

/**
 * Fills a window that holds fewer keys than it should, but any, with random keys; each has the metadata of a key
 * of that window, regions included, so that it is in every export that the other is in. They go into the last
 * moment of the window that keys can have: no export that ended earlier can have missed them.
 */
export async function fillWindow(
  sql: Transaction,
  batch: OpenBatch,
  rules: KeyRules,
  { minRecords, range, windowSeconds, randomBytes }: PaddingPlan,
): Promise<void> {
  const primary = selectionSql("keys", batch, rules);
  const revised = selectionSql("revised", batch, rules);
  const [found] = await sql.unsafe<{ keys: number; models: number }[]>(`
    with keys as (select from exposure where ${primary} limit ${minRecords}),
         revised as (select from exposure where ${revised} limit ${minRecords})
    select (select count(*) from keys) as keys,
           (select count(*) from (table keys union all table revised limit ${minRecords}) as both_parts) as models`);
  const { keys, models } = found ?? { keys: 0, models: 0 };
  if (models === 0 || keys >= minRecords) return;

  const random = uniform(randomBytes);
  const wanted = minRecords + random(range + 1) - keys;
  const bytes = randomBytes(wanted * 16);
  const madeKeys = Array.from({ length: wanted }, (_, i) => bytes.subarray(i * 16, i * 16 + 16));
  const modelCount = keys > 0 ? keys : models;
  const modelOf = madeKeys.map(() => random(modelCount));
  const lastWindow = Math.floor((batch.endsAt - 1) / windowSeconds) * windowSeconds;
  const createdAt = Math.max(batch.startsAt, lastWindow);
  await sql`
    insert into exposure (key, interval_number, interval_count, transmission_risk, report_type,
                          days_since_onset, regions, traveler, created_at, source)
    select made.key, interval_number, interval_count, transmission_risk, report_type,
           days_since_onset, regions, traveler, ${createdAt}, 'generated'
    from unnest(${sql.array(madeKeys)}::bytea[], ${sql.array(modelOf)}::int[]) as made (key, model)
    join (select *, row_number() over (order by key) - 1 as model
          from exposure where ${sql.unsafe(keys > 0 ? primary : revised)}) as real using (model)
    on conflict (key) do nothing`;
  // Settled windows that these fall into are looked at again.
  await sql`
    update export_batch set state = 'open'
    where state = 'padded' and starts_at <= ${createdAt} and ends_at > ${createdAt}
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

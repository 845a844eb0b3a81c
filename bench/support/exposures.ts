import type { Database } from "../../src/store/database.ts";

/** The columns of an exposure that phones get. */
export const EXPORTED_COLUMNS: string =
  "key, interval_number, interval_count, transmission_risk, report_type, days_since_onset";

/** Exposures to make: keys differ by `salt`; `createdAt` is SQL on the number `i` of the row. */
export type Exposures = {
  readonly count: number;
  readonly salt: string;
  readonly createdAt: string;
};

/** Inserts exposures of region MAG with random keys; its two large indexes are made anew, which is faster. */
export async function insertExposures(
  { bulk }: Database,
  ...all: readonly Exposures[]
): Promise<void> {
  await bulk.unsafe("alter table exposure drop constraint exposure_pkey");
  await bulk.unsafe("drop index exposure_created");
  for (const rows of all) await bulk.unsafe(insertSql(rows));
  await bulk.begin(async (sql) => {
    await sql.unsafe("set local maintenance_work_mem = '512MB'");
    await sql.unsafe("alter table exposure add primary key (key)");
    await sql.unsafe("create index exposure_created on exposure (created_at, key)");
  });
  await bulk.unsafe("vacuum analyze exposure");
  await bulk.unsafe("checkpoint");
}

function insertSql(rows: Exposures): string {
  return `
    insert into exposure (key, interval_number, interval_count, transmission_risk, report_type,
                          days_since_onset, regions, traveler, created_at)
    select decode(md5('${rows.salt}' || i), 'hex'), 2830000 + i % 2000, 144, i % 9, 'confirmed', i % 14,
           '{MAG}', false, ${rows.createdAt}
    from generate_series(1, ${rows.count}) as i`;
}

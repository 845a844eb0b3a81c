import type { Database } from "../database.ts";

/** The name of the fact that probes write. */
const PROBE = "readiness-probe";

/**
 * Writes and commits one small row with the pool of publishes, as a publish would: it takes the lock that a publish takes
 * on `exposure`, needs a database that may be written, and waits for stand-bys as a commit does.
 */
export async function probePublish({ sql }: Database): Promise<void> {
  await sql`
    with lock_of_a_publish as (
      insert into exposure (key, interval_number, interval_count, transmission_risk, report_type, regions, traveler,
                            created_at)
      select ''::bytea, 0, 0, 0, '', '{}', false, 0 where false
    )
    insert into fact (name, value) values (${PROBE}, wayfarer_now()::text)
    on conflict (name) do update set value = excluded.value`;
}

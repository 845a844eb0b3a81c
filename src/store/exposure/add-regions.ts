import { currentWindowSql } from "./window-sql.ts";

/** Whose regions are added: SQL for the columns of `exposure_region`. */
export type AddingSource = {
  readonly source: string;
  readonly source_name: string;
  readonly source_server: string;
};

/**
 * SQL that adds regions to keys that are stored, whoever brought them. The statement before must have locked them, or
 * regions that others add at the same time are lost. `sent` is a query with the columns `key`, `interval_number`,
 * `interval_count` and `regions`, each key once. While its window is open a key is changed in place; later the regions
 * come with the window of now, so that files that were made stay true, and whoever reads an added region gets the key
 * once. A key with other intervals is not the same one, and a revoked one goes nowhere.
 */
export function addRegionsSql(
  sent: string,
  { source, source_name, source_server }: AddingSource,
  windowSeconds: number,
): string {
  return `with sent as (${sent}), known as (
      select exposure.key, created_at, sent.regions as wanted, coalesce(
        (select added.regions from exposure_region as added
         where added.key = exposure.key order by added_at desc limit 1), exposure.regions) as has
      from exposure join sent on sent.key = exposure.key
      where exposure.source <> 'generated'
        and exposure.interval_number = sent.interval_number
        and exposure.interval_count = sent.interval_count
        and coalesce(revised_report_type, report_type) <> 'negative'
    ), more as (
      select key, created_at, has, has || array(
        select region from unnest(wanted) as region where region <> all (has)) as regions
      from known where not wanted <@ has
    ), changed as (
      update exposure set regions = more.regions from more
      where exposure.key = more.key
        and more.created_at >= (select next_closed_through from window_floor)
    )
    insert into exposure_region
        (key, added_at, regions, regions_before, source, source_name, source_server)
    select key, ${currentWindowSql(windowSeconds)}, regions, has,
           ${source}, ${source_name}, ${source_server}
    from more where created_at < (select next_closed_through from window_floor)
    on conflict (key, added_at) do update set regions = excluded.regions`;
}

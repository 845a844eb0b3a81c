import type { Migration } from "./migration.ts";

/** Regions that a key gets from another source after its window was closed. */
export const addedRegions: Migration = {
  version: 13,
  name: "added-regions",
  sql: `
-- A key that came again from elsewhere, for more regions: readers of those get it with the window added_at.
create table exposure_region (
  key bytea not null,
  added_at bigint not null,
  -- All regions from then on, and those of the time before.
  regions text[] not null,
  regions_before text[] not null,
  -- Who added them.
  source text not null check (source in ('peer', 'import')),
  source_name text,
  source_server text,
  primary key (key, added_at)
);
create index exposure_region_added on exposure_region (added_at, key);

-- Keys as they come to readers of their added regions: with the window of that, and as they are by then.
create view exposure_added as
select added.key, interval_number, interval_count,
       case when revised_at < added_at then coalesce(revised_transmission_risk, transmission_risk)
            else transmission_risk end as transmission_risk,
       case when revised_at < added_at then coalesce(revised_report_type, report_type)
            else report_type end as report_type,
       case when revised_at < added_at then revised_days_since_onset
            else days_since_onset end as days_since_onset,
       case when revised_at < added_at then revised_onset_told else onset_told end as onset_told,
       added.regions, added.regions_before, traveler, added.source, added.source_name,
       added.source_server, home_server, hops, added.added_at as created_at
from exposure_region as added join exposure on exposure.key = added.key;

-- Keys as they come to all readers: once with the window that they belong to, and once with each window in which they
-- got more regions. A reader who took a key by regions_before has it already.
create view exposure_entry as
select key, interval_number, interval_count, transmission_risk, report_type, days_since_onset, onset_told,
       regions, null::text[] as regions_before, traveler, source, source_name, source_server, home_server,
       hops, created_at
from exposure
union all
select * from exposure_added;

-- Revisions, for the regions that the key has by then.
create view exposure_revision as
select key, interval_number, interval_count, transmission_risk, report_type, days_since_onset, onset_told,
       regions || coalesce((select added.regions from exposure_region as added
                            where added.key = exposure.key and added.added_at <= exposure.revised_at
                            order by added.added_at desc limit 1), '{}') as regions,
       null::text[] as regions_before, traveler, source, source_name, source_server, home_server, hops,
       created_at, revised_at, revised_transmission_risk, revised_report_type, revised_days_since_onset,
       revised_onset_told
from exposure where revised_at is not null;
`,
};

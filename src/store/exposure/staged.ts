import { addRegionsSql } from "./add-regions.ts";
import { COPIED_COLUMNS, REVISION_COLUMNS } from "./columns.ts";
import { stagedValue } from "./copy-row.ts";
import { insertExposuresSql, reviseExposuresSql } from "./write.ts";
import type { WindowRules } from "./window-sql.ts";

/** SQL that inserts the keys of a staging table; parameters: the import's name, the region, whether of travelers, the process's clock. */
export function insertStagedSql(table: string, rules: WindowRules): string {
  return insertExposuresSql({
    from: `${table} as sent`,
    columns: [],
    values: {
      ...Object.fromEntries(COPIED_COLUMNS.map((column) => [column, stagedValue(column)])),
      regions: "array[$2::text]",
      traveler: "$3::boolean",
      source: "'import'",
      source_name: "$1::text",
    },
    processNow: "$4::bigint",
    then: "ctid",
  }, rules);
}

/**
 * SQL that revises those keys of a staging table that came by the same import and are not as they are already;
 * parameter: the import's name.
 */
export function reviseStagedSql(table: string, windowSeconds: number): string {
  const columns = COPIED_COLUMNS.filter((column) => REVISION_COLUMNS.includes(column));
  const values = columns.filter((column) => column !== "key")
    .map((column) => `${stagedValue(column)} as ${column}`);
  return `with first_row as (
      select distinct on (key) * from ${table} order by key, ctid
    ), sent as (
      select exposure.key, ${values.join(", ")}
      from exposure join first_row as sent on sent.key = exposure.key
      where source = 'import' and source_name = $1::text and revised_at is null
        and exposure.report_type <> ${stagedValue("report_type")}
      order by exposure.key for update of exposure
    )
    ${reviseExposuresSql("sent", columns, windowSeconds)}`;
}

/** SQL that locks the stored ones of a staging table's keys, in their order. */
export function lockStagedSql(table: string): string {
  return `select from exposure where key in (select key from ${table}) order by key for update`;
}

/** SQL that adds the region of an import to stored keys, locked before; parameters: the import's name, the region. */
export function addStagedRegionsSql(table: string, windowSeconds: number): string {
  const sent = `select distinct on (key) key, interval_number, interval_count,
      array[$2::text] as regions from ${table} order by key, ctid`;
  return addRegionsSql(sent, {
    source: "'import'",
    source_name: "$1::text",
    source_server: "null",
  }, windowSeconds);
}

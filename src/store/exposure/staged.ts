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

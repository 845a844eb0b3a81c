import { columnArrays, sentRows } from "../exposure/array-literal.ts";
import { KEY_COLUMNS, REVISION_COLUMNS } from "../exposure/columns.ts";
import type { WindowRules } from "../exposure/window-sql.ts";
import { insertExposuresSql, reviseExposuresSql } from "../exposure/write.ts";
import type { CheckedKey, CheckedSet } from "./checked-set.ts";
import { appendStatSql } from "./stat.ts";

/** Some keys of one publish. */
export type KeysOfSet = { readonly set: CheckedSet; readonly keys: readonly CheckedKey[] };

const PUBLISHED = [...KEY_COLUMNS, "health_authority", "issuer"] as const;
const REVISED = [...REVISION_COLUMNS, "health_authority"] as const;

/** Inserts keys, of one publish or of several. Parameters: {@link insertParameters}. */
export function insertSql(rules: WindowRules): string {
  return insertExposuresSql({ from: sentRows(PUBLISHED), columns: PUBLISHED }, rules);
}

/** The statement that stores publishes whose keys are all new. Parameters: those of keys, then those of statistics. */
export function publishSql(rules: WindowRules): string {
  return `with stat as (${appendStatSql(PUBLISHED.length + 1)}) ${insertSql(rules)}`;
}

/** Parameters of {@link insertSql}: a row a key. */
export function insertParameters(parts: readonly KeysOfSet[]): string[] {
  return columnArrays(PUBLISHED, rowsOf(parts));
}

/** Gives keys their one revision. Parameters: {@link updateParameters}. */
export function updateSql(windowSeconds: number): string {
  return reviseExposuresSql(sentRows(REVISED), REVISED, windowSeconds);
}

/** Parameters of {@link updateSql}. */
export function updateParameters(set: CheckedSet, keys: readonly CheckedKey[]): string[] {
  return columnArrays(REVISED, rowsOf([{ set, keys }]));
}

const rowsOf = (parts: readonly KeysOfSet[]): (CheckedSet & CheckedKey)[] =>
  parts.flatMap(({ set, keys }) => keys.map((key) => ({ ...set, ...key })));

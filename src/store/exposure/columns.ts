import { KEY_BYTES } from "../../model/exposure.ts";
import { REPORT_TYPES } from "../../model/report-type.ts";

/** What a column of each SQL type holds. */
type Values = {
  bytea: Uint8Array;
  int: number;
  smallint: number;
  text: string;
  "text[]": readonly string[];
  boolean: boolean;
};

/** Types of values in a row of COPY's binary form, and their bytes. */
type CopyType = "bytea" | "int" | "smallint";
const COPY_BYTES: Readonly<Record<CopyType, number>> = { bytea: KEY_BYTES, int: 4, smallint: 2 };

type ColumnDefinition = {
  readonly type: keyof Values;
  /** Its name in the code. */
  readonly member: string;
  /** Null where the member is absent. */
  readonly nullable?: true;
  /**
   * The column that holds its value after the one revision. A null there means: as before; in a nullable column it
   * means: unknown.
   */
  readonly revised?: string;
  /** It is part of a key in an export file; its type in rows of COPY. Report types are their number there. */
  readonly copied?: CopyType;
};

/**
 * The columns of an exposure, in the order of a COPY row. What writes, revises or reads exposures is made from this
 * table; a new column is a line here, a migration, and a member of the type in `src/model/exposure.ts`.
 */
export const COLUMNS = {
  key: { type: "bytea", member: "key", copied: "bytea" },
  interval_number: { type: "int", member: "intervalNumber", copied: "int" },
  interval_count: { type: "smallint", member: "intervalCount", copied: "smallint" },
  transmission_risk: {
    type: "smallint",
    member: "transmissionRisk",
    revised: "revised_transmission_risk",
    copied: "smallint",
  },
  report_type: {
    type: "text",
    member: "reportType",
    revised: "revised_report_type",
    copied: "smallint",
  },
  days_since_onset: {
    type: "smallint",
    member: "daysSinceOnset",
    nullable: true,
    revised: "revised_days_since_onset",
    copied: "smallint",
  },
  onset_told: {
    type: "boolean",
    member: "onsetTold",
    nullable: true,
    revised: "revised_onset_told",
  },
  regions: { type: "text[]", member: "regions" },
  traveler: { type: "boolean", member: "traveler" },
  health_authority: {
    type: "text",
    member: "healthAuthority",
    nullable: true,
    revised: "revised_health_authority",
  },
  issuer: { type: "text", member: "issuer", nullable: true },
  source: { type: "text", member: "source" },
  source_name: { type: "text", member: "sourceName", nullable: true },
  source_server: { type: "text", member: "sourceServer", nullable: true },
  home_server: { type: "text", member: "homeServer", nullable: true },
  hops: { type: "smallint", member: "hops" },
} as const;

const DEFINITIONS: Readonly<Record<Column, ColumnDefinition>> = COLUMNS;

type Table = typeof COLUMNS;

/** The name of a column. */
export type Column = keyof Table;
/** A column that is part of a key in an export file. */
export type CopiedColumn = {
  [C in Column]: Table[C] extends { readonly copied: string } ? C : never;
}[Column];
/** A column that every writer fills. */
export type KeyColumn = CopiedColumn | "regions" | "traveler";

type ValueOf<C extends Column> = Values[Table[C]["type"]];
type NullableColumn = {
  [C in Column]: Table[C] extends { readonly nullable: true } ? C : never;
}[Column];

/** A row of some columns by their names in the code. */
export type RowOf<C extends Column> =
  & { readonly [K in Exclude<C, NullableColumn> as Table[K]["member"]]: ValueOf<K> }
  & {
    readonly [K in Extract<C, NullableColumn> as Table[K]["member"]]?: ValueOf<K> | undefined;
  };

/** The definition of a column. */
export const columnOf = (column: Column): ColumnDefinition => DEFINITIONS[column];

const isCopied = (column: Column): column is CopiedColumn => columnOf(column).copied !== undefined;

/** The columns of a key in an export file, in the order of a COPY row. */
export const COPIED_COLUMNS: readonly CopiedColumn[] = (Object.keys(COLUMNS) as Column[])
  .filter(isCopied);

/** The columns that every writer fills. */
export const KEY_COLUMNS: readonly KeyColumn[] = [...COPIED_COLUMNS, "regions", "traveler"];

/** The columns that a revision of a key gives. */
export const REVISION_COLUMNS: readonly KeyColumn[] = KEY_COLUMNS.filter((column) =>
  column === "key" || column === "regions" || columnOf(column).revised !== undefined
);

/** SQL for the value of a column: the first, or with `revised` the one after the revision. */
export function valueSql(column: Column, revised: boolean): string {
  const { revised: after, nullable } = columnOf(column);
  if (!revised || after === undefined) return column;
  return nullable === true ? after : `coalesce(${after}, ${column})`;
}

/** SQL for the values of columns below the columns' own names; see {@link valueSql}. */
export function valuesSql(columns: readonly Column[], revised: boolean): string {
  return columns.map((column) => `${valueSql(column, revised)} as ${column}`).join(", ");
}

/** SQL for columns below their names in the code; `from` is the relation that has them. */
export function membersSql(columns: readonly Column[], from: string): string {
  return columns.map((column) => `${from}.${column} as "${columnOf(column).member}"`).join(", ");
}

/** Bytes of the value of a column in a COPY row. */
export function copyBytes(column: CopiedColumn): number {
  return COPY_BYTES[COLUMNS[column].copied];
}

/** SQL for the number in `export.proto` of a report type. */
export function reportTypeNumberSql(reportType: string): string {
  return caseSql(reportType, ([name, { wire }]) => `when '${name}' then ${wire}`, " else 0");
}

/** SQL for the report type of a number in `export.proto`. */
export function reportTypeOfNumberSql(number: string): string {
  return caseSql(number, ([name, { wire }]) => `when ${wire} then '${name}'`, "");
}

type ReportTypeEntry = [string, { readonly wire: number }];

function caseSql(of: string, when: (entry: ReportTypeEntry) => string, otherwise: string): string {
  return `case ${of} ${Object.entries(REPORT_TYPES).map(when).join(" ")}${otherwise} end`;
}

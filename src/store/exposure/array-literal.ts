import { Buffer } from "node:buffer";
import { AppError } from "../../errors.ts";
import { type Column, columnOf, type RowOf } from "./columns.ts";

/** The text of a `bytea[]`: an array literal costs least on the way. */
export function byteaArray(values: readonly Uint8Array[]): string {
  return arrayOf(values.map(cellOf));
}

/** Rows that have the values of some columns in common. */
export type RowGroup<C extends Column, Common extends C = never> = {
  readonly common: RowOf<Common>;
  readonly rows: readonly RowOf<Exclude<C, Common>>[];
};

/**
 * The rows as one array literal a column, in the order of the columns: the parameters of {@link sentRows}. Values of
 * `text[]` are array literals of their own, since arrays of arrays must all have the same length.
 */
export function columnArrays<C extends Column, Common extends C = never>(
  columns: readonly C[],
  groups: readonly RowGroup<C, Common>[],
): string[] {
  return columns.map((column) => {
    const { member } = columnOf(column);
    const cells: string[] = [];
    for (const { common, rows } of groups) addCells(cells, member, common, rows);
    return arrayOf(cells);
  });
}

type Members = Readonly<Record<string, unknown>>;

function addCells(
  cells: string[],
  member: string,
  common: Members,
  rows: readonly Members[],
): void {
  if (Object.hasOwn(common, member)) {
    const cell = cellOf(common[member]);
    for (let count = rows.length; count > 0; count--) cells.push(cell);
  } else {
    for (const row of rows) cells.push(cellOf(row[member]));
  }
}

/**
 * SQL for the relation `sent` that {@link columnArrays} fills, from parameter `first` on. Its columns have the names of
 * the table's; those of type `text[]` are still literals.
 */
export function sentRows(columns: readonly Column[], first = 1): string {
  const arrays = columns.map((column, index) =>
    `$${first + index}::${isList(column) ? "text" : columnOf(column).type}[]`
  );
  return `unnest(${arrays.join(", ")}) as sent(${columns.join(", ")})`;
}

/** SQL for the value of a column in a row of {@link sentRows}. */
export function sentValue(column: Column): string {
  return isList(column) ? `sent.${column}::text[]` : `sent.${column}`;
}

const isList = (column: Column): boolean => columnOf(column).type === "text[]";

function cellOf(value: unknown): string {
  if (value === undefined || value === null) return "null";
  if (typeof value === "number") return String(value);
  if (typeof value === "boolean") return value ? "t" : "f";
  if (typeof value === "string") return quoted(value);
  if (value instanceof Uint8Array) return `"\\\\x${hexOf(value)}"`;
  if (Array.isArray(value)) return quoted(arrayOf(value.map(cellOf)));
  throw new AppError("internal", `a value of type ${typeof value} has no form in an array literal`);
}

const arrayOf = (cells: readonly string[]): string => `{${cells.join(",")}}`;

const quoted = (text: string): string => `"${text.replace(/[\\"]/g, "\\$&")}"`;

function hexOf(bytes: Uint8Array): string {
  const buffer = Buffer.isBuffer(bytes)
    ? bytes
    : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return buffer.toString("hex");
}

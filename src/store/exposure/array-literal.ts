import { Buffer } from "node:buffer";
import { AppError } from "../../errors.ts";
import { type Column, columnOf, type RowOf } from "./columns.ts";

/** The text of a `bytea[]`: an array literal costs least on the way. */
export function byteaArray(values: readonly Uint8Array[]): string {
  return arrayOf(values.map(cellOf));
}

/**
 * The rows as one array literal a column, in the order of the columns: the parameters of {@link sentRows}. Values of
 * `text[]` are array literals of their own, since arrays of arrays must all have the same length.
 */
export function columnArrays<C extends Column>(
  columns: readonly C[],
  rows: readonly RowOf<C>[],
): string[] {
  return columns.map((column) => {
    const { member } = columnOf(column);
    let value: unknown;
    let cell = "null";
    return arrayOf(rows.map((row: Readonly<Record<string, unknown>>) => {
      // The keys of a publish have most of their values in common.
      if (row[member] !== value) {
        value = row[member];
        cell = cellOf(value);
      }
      return cell;
    }));
  });
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

const hexOf = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex");

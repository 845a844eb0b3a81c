import { type DiagnosisKey, type ExportKey, KEY_BYTES } from "../../model/exposure.ts";
import { REPORT_TYPES } from "../../model/report-type.ts";
import {
  columnOf,
  COPIED_COLUMNS,
  type CopiedColumn,
  copyBytes,
  reportTypeNumberSql,
  reportTypeOfNumberSql,
  valueSql,
} from "./columns.ts";

/**
 * A key as a row in COPY's binary form (PostgreSQL manual, "COPY: Binary Format"): fields(2), then of each column
 * length(4) and value. All rows are of the same length: what would be null is a number that stands for it.
 */

type Field = {
  readonly column: CopiedColumn;
  readonly member: string;
  readonly nullable: boolean;
  readonly bytes: number;
  /** Where its value is. */
  readonly offset: number;
};

const FIELD_COUNT_BYTES = 2;
const LENGTH_BYTES = 4;
/** Stands for null. */
const NONE = 32_767;

const FIELDS: readonly Field[] = fields();

function fields(): readonly Field[] {
  let end = FIELD_COUNT_BYTES;
  return COPIED_COLUMNS.map((column): Field => {
    const { member, nullable = false } = columnOf(column);
    const bytes = copyBytes(column);
    const offset = end + LENGTH_BYTES;
    end = offset + bytes;
    return { column, member, nullable, bytes, offset };
  });
}

/** Bytes of a row. */
export const COPY_ROW_BYTES: number = FIELDS.reduce(
  (sum, { bytes }) => sum + LENGTH_BYTES + bytes,
  FIELD_COUNT_BYTES,
);

/** SQL for the columns of a row; with `revised` the values after the revision. */
export function copiedSql(revised: boolean): string {
  return FIELDS.map(({ column, nullable }) => {
    const value = valueSql(column, revised);
    if (column === "report_type") return `(${reportTypeNumberSql(value)})::int2`;
    return nullable ? `coalesce(${value}, ${NONE})::int2` : value;
  }).join(", ");
}

/** SQL for the columns of a table that rows are copied to. */
export const STAGING_COLUMNS: string = COPIED_COLUMNS
  .map((column) => `${column} ${columnOf(column).copied}`).join(", ");

/** SQL for the value of a column in the row `sent` of such a table. */
export function stagedValue(column: CopiedColumn): string {
  if (column === "report_type") return reportTypeOfNumberSql("sent.report_type");
  return columnOf(column).nullable === true ? `nullif(sent.${column}, ${NONE})` : `sent.${column}`;
}

/**
 * One key that is moved from row to row; its members are read from the bytes when they are asked for, and the bytes of
 * its TEK are always in the same array.
 */
export type CopyRowCursor = {
  readonly key: ExportKey;
  moveTo(bytes: Uint8Array, at: number): void;
};

/** A cursor; no object is made a row. */
export function copyRowCursor(): CopyRowCursor {
  let row: Uint8Array = new Uint8Array(COPY_ROW_BYTES);
  let view = new DataView(row.buffer);
  let start = 0;
  const tek = new Uint8Array(KEY_BYTES);
  const read = ({ bytes, offset, nullable }: Field): () => unknown => {
    if (bytes === KEY_BYTES) {
      return () => {
        // Cheaper than a view on the row.
        for (let i = 0; i < KEY_BYTES; i++) tek[i] = row[start + offset + i] ?? 0;
        return tek;
      };
    }
    if (bytes === 4) return () => view.getInt32(start + offset);
    if (!nullable) return () => view.getInt16(start + offset);
    return () => {
      const value = view.getInt16(start + offset);
      return value === NONE ? undefined : value;
    };
  };
  const members = FIELDS.map((field) => [field.member, { get: read(field), enumerable: true }]);
  const key: ExportKey = Object.create(null, Object.fromEntries(members));
  return {
    key,
    moveTo: (bytes, at) => {
      if (bytes !== row) {
        row = bytes;
        view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
      }
      start = at;
    },
  };
}

/** PGCOPY\n\xff\r\n\0(11) ‖ flags(4) ‖ length of the extension(4). */
const HEADER = Uint8Array.of(
  ...new TextEncoder().encode("PGCOPY\n"),
  ...[0xff, 0x0d, 0x0a, 0, 0, 0, 0, 0, 0, 0, 0, 0],
);
const TRAILER_BYTES = 2;

/** A row in which only the values are missing. */
const EMPTY_ROW = emptyRow();

function emptyRow(): Uint8Array {
  const row = new Uint8Array(COPY_ROW_BYTES);
  const view = new DataView(row.buffer);
  view.setInt16(0, FIELDS.length);
  for (const { offset, bytes } of FIELDS) view.setInt32(offset - LENGTH_BYTES, bytes);
  return row;
}

/** Rows of keys up to a capacity, for a table with {@link STAGING_COLUMNS}. */
export class CopyRows {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #capacity: number;
  #count = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#bytes = new Uint8Array(HEADER.length + capacity * COPY_ROW_BYTES + TRAILER_BYTES);
    this.#bytes.set(HEADER);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get count(): number {
    return this.#count;
  }

  /** Throws when there is no room left. */
  add(key: DiagnosisKey): void {
    if (this.#count >= this.#capacity) throw new RangeError("no room for another row");
    const at = HEADER.length + this.#count * COPY_ROW_BYTES;
    const members: Readonly<Record<string, unknown>> = key;
    this.#bytes.set(EMPTY_ROW, at);
    for (const { column, member, offset, bytes } of FIELDS) {
      const value = column === "report_type"
        ? REPORT_TYPES[key.reportType].wire
        : members[member] ?? NONE;
      if (value instanceof Uint8Array) this.#bytes.set(value, at + offset);
      else if (bytes === 4) this.#view.setInt32(at + offset, Number(value));
      else this.#view.setInt16(at + offset, Number(value));
    }
    this.#count++;
  }

  /** All rows, ready to be copied. */
  bytes(): Uint8Array {
    const end = HEADER.length + this.#count * COPY_ROW_BYTES;
    this.#view.setInt16(end, -1);
    return this.#bytes.subarray(0, end + TRAILER_BYTES);
  }
}

import { KEY_BYTES } from "../../model/exposure.ts";
import { REPORT_TYPES, type ReportType } from "../../model/report-type.ts";

/** A key of another server's file that passed every check. */
export type ImportedKey = {
  /** 16 bytes. */
  readonly key: Uint8Array;
  readonly intervalNumber: number;
  readonly intervalCount: number;
  readonly transmissionRisk: number;
  readonly reportType: ReportType;
  readonly daysSinceOnset: number;
};

/** Columns of the rows, for a table that they are copied to. */
export const IMPORT_COLUMNS =
  "key bytea, start int, count smallint, risk smallint, type smallint, dsos smallint";

/** PGCOPY\n\xff\r\n\0(11) ‖ flags(4) ‖ length of the extension(4). */
const HEADER = Uint8Array.of(
  ...new TextEncoder().encode("PGCOPY\n"),
  ...[0xff, 0x0d, 0x0a, 0, 0, 0, 0, 0, 0, 0, 0, 0],
);
/** fields(2), then of each field length(4) and value: key(16), start(4), count, risk, type, DSOS (2 each). */
const ROW_BYTES = 2 + (4 + KEY_BYTES) + (4 + 4) + 4 * (4 + 2);
const TRAILER_BYTES = 2;

/** A row in which only the values are missing. */
const EMPTY_ROW = emptyRow();

function emptyRow(): Uint8Array {
  const row = new Uint8Array(ROW_BYTES);
  const view = new DataView(row.buffer);
  view.setInt16(0, 6);
  view.setInt32(2, KEY_BYTES);
  view.setInt32(22, 4);
  for (const at of [30, 36, 42, 48]) view.setInt32(at, 2);
  return row;
}

/** Rows in COPY's binary form (PostgreSQL manual, "COPY: Binary Format"): up to a capacity. */
export class ImportRows {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  readonly #capacity: number;
  #count = 0;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#bytes = new Uint8Array(HEADER.length + capacity * ROW_BYTES + TRAILER_BYTES);
    this.#bytes.set(HEADER);
    this.#view = new DataView(this.#bytes.buffer);
  }

  get count(): number {
    return this.#count;
  }

  /** Throws when there is no room left. */
  add(key: ImportedKey): void {
    if (this.#count >= this.#capacity) throw new RangeError("no room for another row");
    const at = HEADER.length + this.#count * ROW_BYTES;
    this.#bytes.set(EMPTY_ROW, at);
    this.#bytes.set(key.key, at + 6);
    this.#view.setInt32(at + 26, key.intervalNumber);
    this.#view.setInt16(at + 34, key.intervalCount);
    this.#view.setInt16(at + 40, key.transmissionRisk);
    this.#view.setInt16(at + 46, REPORT_TYPES[key.reportType].wire);
    this.#view.setInt16(at + 52, key.daysSinceOnset);
    this.#count++;
  }

  /** All rows, ready to be copied. */
  bytes(): Uint8Array {
    const end = HEADER.length + this.#count * ROW_BYTES;
    this.#view.setInt16(end, -1);
    return this.#bytes.subarray(0, end + TRAILER_BYTES);
  }
}

import { decodeHex } from "../bytes/base64.ts";
import { AppError } from "../errors.ts";

/** The values of a row by column; null where there is none. */
export type TextRow = Readonly<Record<string, string | null>>;

/** Rows as COPY writes them in text form (PostgreSQL manual, "COPY: Text Format"), taken apart. For small tables. */
export function copyTextRows(columns: readonly string[], bytes: Uint8Array): readonly TextRow[] {
  const lines = new TextDecoder().decode(bytes).split("\n").slice(0, -1);
  return lines.map((line) => {
    const values = line.split("\t");
    return Object.fromEntries(columns.map((column, index) => [column, plain(values[index])]));
  });
}

/** The bytes of a `bytea`. */
export function byteaOf(text: string): Uint8Array {
  const bytes = text.startsWith("\\x") ? decodeHex(text.slice(2)) : undefined;
  if (bytes !== undefined) return bytes;
  throw new AppError("malformed_file", "not a whole backup: a wrapped key is not written as bytes");
}

const ESCAPES: Readonly<Record<string, string>> = {
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

function plain(value: string | undefined): string | null {
  if (value === undefined || value === "\\N") return null;
  return value.replace(/\\(.)/gs, (_, escaped: string) => ESCAPES[escaped] ?? escaped);
}

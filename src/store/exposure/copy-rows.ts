import { AppError } from "../../errors.ts";
import { copyOut } from "../copy-out.ts";
import type { Sql, Transaction } from "../sql.ts";

/** PGCOPY\n\xff\r\n\0(11) ‖ flags(4) ‖ length of the extension(4), which PostgreSQL leaves empty. */
const HEADER_BYTES = 19;
/** The field count −1 ends the rows. */
const TRAILER_BYTES = 2;

/**
 * Runs `query` as COPY in binary form (PostgreSQL manual, "COPY: Binary Format") and hands over each row, which
 * must be of `rowBytes` bytes: no objects are made, and the sorting is the database's. Rows are valid only
 * during the call. What `take` throws is thrown once the rest was read, so that the connection stays usable.
 */
export async function readCopyRows(
  sql: Sql | Transaction,
  query: string,
  rowBytes: number,
  take: (bytes: Uint8Array, at: number) => void,
): Promise<void> {
  let skip = HEADER_BYTES;
  let rest: Uint8Array = new Uint8Array(0);
  let failure: unknown;
  const consume = (chunk: Uint8Array): void => {
    let bytes = chunk;
    if (rest.length > 0) {
      bytes = new Uint8Array(rest.length + chunk.length);
      bytes.set(rest);
      bytes.set(chunk, rest.length);
    }
    let at = Math.min(skip, bytes.length);
    skip -= at;
    for (; at + rowBytes <= bytes.length; at += rowBytes) take(bytes, at);
    rest = bytes.subarray(at);
  };
  for await (const chunk of copyOut(sql, `copy (${query}) to stdout (format binary)`)) {
    if (failure !== undefined) continue;
    try {
      consume(chunk);
    } catch (error) {
      failure = error;
    }
  }
  if (failure !== undefined) throw failure;
  if (rest.length !== TRAILER_BYTES || rest[0] !== 0xff || rest[1] !== 0xff) {
    throw new AppError("internal", "the rows of a COPY are not of the length that was asked for");
  }
}

/**
 * A backup is a zip whose members are read in order, so that it can be written and read as a stream: `backup.json`, then
 * the rows of each table in parts, then `sums.json`. Every member is deflated, with its sizes in its local header. The
 * zip's comment is the SHA-256 of the deflated `sums.json`.
 */

import * as z from "zod";
import type { SnapshotCounter, SnapshotTable } from "../store/backup/snapshot.ts";

/** The newest format, and the only one so far. */
export const BACKUP_FORMAT: number = 1;

/** Rows are cut into parts of about so many bytes, each a whole number of rows. */
export const PART_BYTES: number = 4 * 1024 * 1024;
/** A member with more bytes is none of ours: the longest row is much shorter than that. */
export const MAX_MEMBER_BYTES: number = 256 * 1024 * 1024;

export const HEAD_NAME = "backup.json";
export const SUMS_NAME = "sums.json";

/** `backup.json`: what a backup is of. */
export type BackupHead = {
  readonly format: number;
  readonly program: string;
  /** UTC seconds. */
  readonly createdAt: number;
  /** The version of the database's schema. */
  readonly schema: number;
  readonly tables: readonly SnapshotTable[];
};

/** `sums.json`: what a whole backup holds. */
export type BackupSums = {
  /** Every member before this one, in order, with the SHA-256 of its deflated bytes in hex. */
  readonly members: readonly { readonly name: string; readonly sha256: string }[];
  readonly rows: readonly { readonly table: string; readonly rows: number }[];
  readonly counters: readonly SnapshotCounter[];
};

const name = z.string().regex(/^[a-z_][a-z0-9_]{0,62}$/);
const count = z.int().min(0);

/** Reads `backup.json`, but for its format, which comes first. */
export const headSchema: z.ZodType<BackupHead> = z.object({
  format: z.int().min(1),
  program: z.string().max(100),
  createdAt: count,
  schema: z.int().min(1),
  tables: z.array(z.object({ name, columns: z.array(name).min(1).max(200) })).max(1000),
});

/** Reads `sums.json`. */
export const sumsSchema: z.ZodType<BackupSums> = z.object({
  members: z.array(z.object({ name: z.string().max(200), sha256: z.string().length(64) })),
  rows: z.array(z.object({ table: name, rows: count })),
  counters: z.array(z.object({ table: name, column: name, last: z.string().regex(/^\d{1,19}$/) })),
});

/** The name of a part of a table's rows, from 1. */
export function partName(table: string, part: number): string {
  return `tables/${table}/${String(part).padStart(6, "0")}.copy`;
}

/** The table of a part's name; undefined for another member. */
export function tableOfPart(member: string): string | undefined {
  return /^tables\/([a-z0-9_]+)\/\d{6,}\.copy$/.exec(member)?.[1];
}

const LINE_FEED = 0x0a;

/** How many whole rows a part holds: each ends in a line feed, and one in a value is written as \n. */
export function rowsIn(part: Uint8Array): number {
  let rows = 0;
  for (let at = part.indexOf(LINE_FEED); at >= 0; at = part.indexOf(LINE_FEED, at + 1)) rows++;
  return rows;
}

/** Whether some bytes end with a whole row. */
export function endsRow(bytes: Uint8Array): boolean {
  return bytes.at(-1) === LINE_FEED;
}

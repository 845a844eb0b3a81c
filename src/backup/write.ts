import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { deflateRaw } from "node:zlib";
import { crc32 } from "../export-file/crc32.ts";
import { localHeader, ZipDirectory } from "../export-file/zip-headers.ts";
import type { Snapshot } from "../store/backup/snapshot.ts";
import {
  BACKUP_FORMAT,
  type BackupHead,
  type BackupSums,
  endsRow,
  HEAD_NAME,
  PART_BYTES,
  partName,
  rowsIn,
  SUMS_NAME,
} from "./format.ts";

/** What is told while a backup is written: rows so far. */
export type BackupProgress = (rows: number) => void;

/** What a backup is made with. */
export type BackupOptions = {
  /** Name and version of the program. */
  readonly program: string;
  /** UTC seconds. */
  readonly now: number;
  readonly progress: BackupProgress;
  /** Called with what the backup holds once it is whole. */
  readonly done: (sums: BackupSums) => void;
};

/** Half of what is written is random bytes: more effort makes it hardly smaller. */
const deflated = promisify<Uint8Array, { level: number }, Buffer>(deflateRaw);
const EFFORT = { level: 4 } as const;

/** The bytes of a backup of a snapshot. They take about three parts of memory, whatever the size of the database. */
export async function* writeBackup(
  snapshot: Snapshot,
  { program, now, progress, done }: BackupOptions,
): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  const directory = new ZipDirectory();
  const members: { name: string; sha256: string }[] = [];
  let at = 0;

  async function* member(name: string, data: Uint8Array): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    const [crc, body] = await Promise.all([crc32(data), deflated(data, EFFORT)]);
    const entry = { name, crc, compressedBytes: body.length, bytes: data.length };
    directory.add(entry, at);
    members.push({ name, sha256: createHash("sha256").update(body).digest("hex") });
    for (const bytes of [localHeader(entry), new Uint8Array(body)]) {
      at += bytes.length;
      yield bytes;
    }
  }

  const { schema, tables } = snapshot;
  const head: BackupHead = {
    format: BACKUP_FORMAT,
    program,
    createdAt: now,
    schema,
    tables,
  };
  yield* member(HEAD_NAME, jsonBytes(head));
  const rows: { table: string; rows: number }[] = [];
  let before = 0;
  for (const table of tables) {
    let part = 0;
    let counted = 0;
    for await (const { bytes, rows: inPart } of partsOf(snapshot.rows(table))) {
      yield* member(partName(table.name, ++part), bytes);
      counted += inPart;
      progress(before + counted);
    }
    before += counted;
    rows.push({ table: table.name, rows: counted });
  }
  const sums: BackupSums = { members: [...members], rows, counters: snapshot.counters };
  yield* member(SUMS_NAME, jsonBytes(sums));
  yield directory.finish(at, members.at(-1)?.sha256);
  done(sums);
}

type Part = { readonly bytes: Uint8Array<ArrayBuffer>; readonly rows: number };

/** Whole rows together, about {@link PART_BYTES} at a time. */
async function* partsOf(rows: AsyncIterable<Uint8Array>): AsyncGenerator<Part> {
  let part: Uint8Array[] = [];
  let bytes = 0;
  for await (const row of rows) {
    part.push(row);
    bytes += row.length;
    if (bytes >= PART_BYTES && endsRow(row)) {
      yield joined(part);
      part = [];
      bytes = 0;
    }
  }
  if (bytes > 0) yield joined(part);
}

function joined(chunks: readonly Uint8Array[]): Part {
  const bytes = new Uint8Array(Buffer.concat(chunks));
  return { bytes, rows: rowsIn(bytes) };
}

function jsonBytes(value: unknown): Uint8Array {
  return new TextEncoder().encode(`${JSON.stringify(value, undefined, 1)}\n`);
}

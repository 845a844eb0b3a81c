import * as z from "zod";
import { readBounded } from "../bounds/read.ts";
import { AppError } from "../errors.ts";
import type { BlobStore } from "../blob/blob.ts";
import { chunksOfStream } from "../bytes/chunks.ts";

/** A whole backup in a blob store. */
export type StoredBackup = {
  /** When it was begun, such as `2026-11-29T03-00-00Z`. */
  readonly name: string;
  /** The same in UTC seconds. */
  readonly at: number;
};

/** Backups in a bucket: each in pieces, with a last blob that is there only when all of them are. */
export type StoredBackups = {
  /** Stores a backup, whose bytes are encrypted. Memory holds one piece. */
  write(at: number, chunks: AsyncIterable<Uint8Array>, signal: AbortSignal): Promise<StoredBackup>;
  /** Whole ones, newest first. */
  list(): Promise<readonly StoredBackup[]>;
  /** The bytes of one. Throws `not_found`. */
  read(name: string): AsyncIterable<Uint8Array>;
  /** Removes all but the newest `keep`, and what was begun before the oldest of them. Answers how many whole ones went. */
  prune(keep: number): Promise<number>;
};

const DEFAULT_PIECE_BYTES = 32 * 1024 * 1024;
const LAST = "whole.json";
const MAX_LAST_BYTES = 4096;
const HEADERS = { contentType: "application/octet-stream", cacheControl: "no-store" } as const;

const lastSchema = z.object({ pieces: z.int().min(1), bytes: z.int().min(1) });

/** The backups of a bucket. */
export function storedBackups(
  store: BlobStore,
  bucket: string,
  pieceBytes: number = DEFAULT_PIECE_BYTES,
): StoredBackups {
  const names = async (): Promise<ReadonlyMap<string, readonly string[]>> => {
    const found = new Map<string, string[]>();
    for await (const blob of store.list(bucket, "")) {
      const [name = "", rest] = blob.split("/");
      if (momentOf(name) === undefined || rest === undefined) continue;
      found.set(name, [...found.get(name) ?? [], blob]);
    }
    return found;
  };
  const list = async (): Promise<readonly StoredBackup[]> =>
    [...await names()].filter(([name, blobs]) => blobs.includes(`${name}/${LAST}`))
      .map(([name]) => ({ name, at: momentOf(name) ?? 0 }))
      .sort((one, other) => other.at - one.at);

  return {
    list,
    write: async (at, chunks, signal) => {
      const name = nameOf(at);
      let pieces = 0;
      let bytes = 0;
      for await (const piece of piecesOf(chunks, pieceBytes)) {
        await store.put(bucket, pieceName(name, ++pieces), piece, HEADERS, signal);
        bytes += piece.length;
      }
      const last = new TextEncoder().encode(JSON.stringify({ pieces, bytes }));
      await store.put(bucket, `${name}/${LAST}`, last, HEADERS, signal);
      return { name, at: momentOf(name) ?? at };
    },
    read: (name) => readPieces(store, bucket, name),
    prune: async (keep) => {
      const kept = (await list()).slice(0, keep);
      const oldest = kept.at(-1)?.at ?? 0;
      let removed = 0;
      for (const [name, blobs] of await names()) {
        if (kept.length === 0 || (momentOf(name) ?? oldest) >= oldest) continue;
        // The last one first: what is half removed is not whole any more.
        const last = `${name}/${LAST}`;
        if (blobs.includes(last)) {
          await store.delete(bucket, last);
          removed++;
        }
        for (const blob of blobs) await store.delete(bucket, blob);
      }
      return removed;
    },
  };
}

const pieceName = (name: string, piece: number): string =>
  `${name}/${String(piece).padStart(6, "0")}`;

/** A moment in the characters that names of blobs may have. */
function nameOf(at: number): string {
  return new Date(at * 1000).toISOString().replace(/\.\d+Z$/, "Z").replaceAll(":", "-");
}

function momentOf(name: string): number | undefined {
  const found = /^(\d{4}-\d\d-\d\d)T(\d\d)-(\d\d)-(\d\d)Z$/.exec(name);
  if (found === null) return undefined;
  const [, day, hour, minute, second] = found;
  const at = Date.parse(`${day}T${hour}:${minute}:${second}Z`) / 1000;
  return Number.isNaN(at) ? undefined : at;
}

async function* piecesOf(
  chunks: AsyncIterable<Uint8Array>,
  pieceBytes: number,
): AsyncGenerator<Uint8Array> {
  let piece = new Uint8Array(pieceBytes);
  let length = 0;
  for await (const chunk of chunks) {
    for (let from = 0; from < chunk.length;) {
      const part = chunk.subarray(from, from + pieceBytes - length);
      piece.set(part, length);
      length += part.length;
      from += part.length;
      if (length < pieceBytes) continue;
      yield piece;
      piece = new Uint8Array(pieceBytes);
      length = 0;
    }
  }
  if (length > 0) yield piece.subarray(0, length);
}

async function* readPieces(
  store: BlobStore,
  bucket: string,
  name: string,
): AsyncGenerator<Uint8Array> {
  const last = await store.get(bucket, `${name}/${LAST}`);
  if (last === undefined) {
    throw new AppError(
      "not_found",
      `there is no whole backup ${name} in the bucket ${bucket}: see BACKUP_BUCKET`,
    );
  }
  const text = await readBounded(last.body, { maxBytes: MAX_LAST_BYTES });
  const { pieces } = lastSchema.parse(
    JSON.parse(new TextDecoder().decode(text.ok ? text.value : new Uint8Array())),
  );
  for (let piece = 1; piece <= pieces; piece++) {
    const found = await store.get(bucket, pieceName(name, piece));
    if (found === undefined) {
      throw new AppError("malformed_file", `piece ${piece} of the backup ${name} is missing`);
    }
    yield* chunksOfStream(found.body);
  }
}

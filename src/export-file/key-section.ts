import { AppError } from "../errors.ts";
import { type ExportKey, KEY_BYTES, MAX_WIRE_DSOS } from "../model/exposure.ts";
import { KEYS_PER_YIELD, yieldToEventLoop } from "./yield-to-event-loop.ts";
import type { ByteWriter } from "./byte-writer.ts";
import { DEFAULT_ROLLING_PERIOD } from "./format.ts";

/** The largest size of one key in bytes, with its tag and length. */
const MAX_KEY_MESSAGE_BYTES = 48;
/** The size in bytes of a key with all fields and usual values. */
export const USUAL_KEY_MESSAGE_BYTES = 35;

/** Writes one key; a DSOS outside −14…14 is left out. */
export type AppendKey = (key: ExportKey) => void;

/**
 * The source of a file's keys in ascending byte order: batches, or a function that appends them one by one without
 * creating an object for each.
 */
export type KeySource =
  | AsyncIterable<readonly ExportKey[]>
  | ((append: AppendKey) => Promise<void>);

/**
 * The repeated field 7 (`keys`) or 8 (`revised_keys`) of a file: appends TemporaryExposureKey messages to a
 * writer, byte for byte as any protobuf encoder does. Throws `internal`, as a broken invariant, for keys that are
 * out of order, repeated, or have numbers outside the format's range.
 */
export class KeySection {
  /** Keys written. */
  count = 0;
  readonly #writer: ByteWriter;
  readonly #tag: number;
  #lastKeyAt = -1;

  constructor(writer: ByteWriter, field: 7 | 8) {
    this.#writer = writer;
    this.#tag = (field << 3) | 2;
  }

  readonly append: AppendKey = (appended) => {
    const { key, intervalCount, daysSinceOnset } = appended;
    if (key.length !== KEY_BYTES) throw broken("is not 16 bytes long", this.count);
    const writer = this.#writer;
    writer.reserve(MAX_KEY_MESSAGE_BYTES);
    const { buffer } = writer;
    let position = writer.length;
    buffer[position] = this.#tag;
    const lengthAt = position + 1;
    buffer[position + 2] = 0x0a;
    buffer[position + 3] = KEY_BYTES;
    position += 4;
    for (let i = 0; i < KEY_BYTES; i++) buffer[position + i] = key[i] ?? 0;
    if (this.#lastKeyAt >= 0 && !ascends(buffer, this.#lastKeyAt, position)) {
      throw broken("is not greater than the previous key", this.count);
    }
    this.#lastKeyAt = position;
    position += KEY_BYTES;
    buffer[position++] = 0x10;
    position = putInt32(buffer, position, appended.transmissionRisk, this.count);
    buffer[position++] = 0x18;
    position = putInt32(buffer, position, appended.intervalNumber, this.count);
    if (intervalCount !== DEFAULT_ROLLING_PERIOD) {
      buffer[position++] = 0x20;
      position = putInt32(buffer, position, intervalCount, this.count);
    }
    buffer[position++] = 0x28;
    position = putInt32(buffer, position, appended.reportType, this.count);
    if (
      daysSinceOnset !== undefined && daysSinceOnset >= -MAX_WIRE_DSOS &&
      daysSinceOnset <= MAX_WIRE_DSOS
    ) {
      buffer[position++] = 0x30;
      buffer[position++] = (daysSinceOnset << 1) ^ (daysSinceOnset >> 31);
    }
    buffer[lengthAt] = position - lengthAt - 1;
    writer.length = position;
    this.count++;
  };

  /** Appends all of a source without blocking the event loop. */
  async appendAll(source: KeySource): Promise<void> {
    if (typeof source === "function") return await source(this.append);
    for await (const batch of source) {
      for (let from = 0; from < batch.length; from += KEYS_PER_YIELD) {
        for (const key of batch.slice(from, from + KEYS_PER_YIELD)) this.append(key);
        await yieldToEventLoop();
      }
    }
  }
}

function broken(what: string, index: number): AppError {
  return new AppError("internal", `export file: the key at position ${index} ${what}`);
}

/** Whether the 16 bytes at `later` are greater than those at `earlier`. */
function ascends(buffer: Uint8Array, earlier: number, later: number): boolean {
  for (let i = 0; i < KEY_BYTES; i++) {
    const difference = (buffer[later + i] ?? 0) - (buffer[earlier + i] ?? 0);
    if (difference !== 0) return difference > 0;
  }
  return false;
}

/** Writes a varint of 0 to 2^31 − 1 at `position`, and returns the position after it. */
function putInt32(buffer: Uint8Array, position: number, value: number, index: number): number {
  if (value >>> 0 !== value || value > 0x7fffffff) throw broken("has a number out of range", index);
  let at = position;
  let rest = value;
  for (; rest > 0x7f; rest >>>= 7) buffer[at++] = (rest & 0x7f) | 0x80;
  buffer[at++] = rest;
  return at;
}

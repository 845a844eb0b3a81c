import { AppError } from "../errors.ts";

/** The supported protobuf wire types; groups (3 and 4) are refused. */
const VARINT = 0;
const FIXED64 = 1;
export const BYTES = 2;
const FIXED32 = 5;

const utf8 = new TextDecoder("utf-8", { fatal: true });

/**
 * A cursor over a protobuf message inside `bytes`. Throws `malformed_file` for an invalid wire format, with the byte
 * offset from the start of `bytes`.
 */
export class WireReader {
  readonly bytes: Uint8Array;
  /** The offset of the next byte. */
  at: number;
  /** The offset of the message's end. */
  readonly end: number;
  /** Number and wire type of the field that {@link next} found. */
  field = 0;
  wireType = 0;
  readonly #file: string;

  constructor(file: string, bytes: Uint8Array, at = 0, end: number = bytes.length) {
    this.#file = file;
    this.bytes = bytes;
    this.at = at;
    this.end = end;
  }

  /** Reads the tag of the next field; false at the end of the message. */
  next(): boolean {
    if (this.at === this.end) return false;
    const at = this.at;
    const tag = this.varint();
    this.field = tag >>> 3;
    this.wireType = tag & 7;
    if (this.field === 0) this.fail("field number 0", at);
    return true;
  }

  /** The low 32 bits of a varint, unsigned. */
  varint(): number {
    const { bytes, end } = this;
    const start = this.at;
    let value = 0;
    for (let at = start, shift = 0; at < end; at++, shift += 7) {
      const byte = bytes[at] ?? 0;
      if (shift < 32) value |= (byte & 0x7f) << shift;
      if (byte < 0x80) {
        if (shift === 63 && byte > 1) this.fail("varint of more than 64 bits", start);
        this.at = at + 1;
        return value >>> 0;
      }
      if (shift === 63) this.fail("varint of more than 10 bytes", start);
    }
    return this.fail("varint cut off", start);
  }

  /** The value of an int32 or enum field. */
  int32(): number {
    this.#expect(VARINT);
    return this.varint() | 0;
  }

  /** The value of a sint32 field. */
  sint32(): number {
    this.#expect(VARINT);
    const zigzag = this.varint();
    return (zigzag >>> 1) ^ -(zigzag & 1);
  }

  /** The value of a fixed64 field that is below 2^53. */
  fixed64(): number {
    this.#expect(FIXED64);
    const at = this.#advance(8);
    const view = new DataView(this.bytes.buffer, this.bytes.byteOffset + at, 8);
    const high = view.getUint32(4, true);
    if (high > 0x1fffff) this.fail("number too large", at);
    return high * 2 ** 32 + view.getUint32(0, true);
  }

  /** Skips a length-delimited field and returns the offset of its content, which ends at {@link at}. */
  span(): number {
    this.#expect(BYTES);
    const length = this.varint();
    return this.#advance(length);
  }

  /** The value of a bytes field: a view. */
  view(): Uint8Array {
    const start = this.span();
    return this.bytes.subarray(start, this.at);
  }

  /** The value of a string field of at most `maxBytes`. */
  string(maxBytes: number): string {
    const start = this.span();
    if (this.at - start > maxBytes) this.fail(`string of more than ${maxBytes} bytes`, start);
    try {
      return utf8.decode(this.bytes.subarray(start, this.at));
    } catch {
      return this.fail("string that is not UTF-8", start);
    }
  }

  /** A reader of the message in a length-delimited field. */
  message(): WireReader {
    const start = this.span();
    return new WireReader(this.#file, this.bytes, start, this.at);
  }

  /** Skips an unknown field. */
  skip(): void {
    if (this.wireType === VARINT) this.varint();
    else if (this.wireType === FIXED64) this.#advance(8);
    else if (this.wireType === BYTES) this.#advance(this.varint());
    else if (this.wireType === FIXED32) this.#advance(4);
    else this.fail(`field ${this.field} has unsupported wire type ${this.wireType}`, this.at);
  }

  /** Throws `malformed_file`. */
  fail(what: string, at: number): never {
    throw new AppError("malformed_file", `${this.#file}: ${what}, at byte ${at}`);
  }

  #expect(wireType: number): void {
    if (this.wireType === wireType) return;
    this.fail(`field ${this.field} has wire type ${this.wireType}, not ${wireType}`, this.at);
  }

  #advance(count: number): number {
    const start = this.at;
    if (count > this.end - start) this.fail(`field ${this.field} cut off`, start);
    this.at = start + count;
    return start;
  }
}

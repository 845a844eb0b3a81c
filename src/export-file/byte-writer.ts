const utf8 = new TextEncoder();

/** A growing buffer with the write operations of protobuf and zip. Does not check numbers. */
export class ByteWriter {
  /** Valid up to {@link length}; replaced when it grows. */
  buffer: Uint8Array<ArrayBuffer>;
  /** Bytes written. */
  length = 0;

  constructor(capacity = 1024) {
    this.buffer = new Uint8Array(capacity);
  }

  /** Reserves room for `count` more bytes. */
  reserve(count: number): void {
    const needed = this.length + count;
    if (needed <= this.buffer.length) return;
    const larger = new Uint8Array(Math.max(needed, this.buffer.length * 2));
    larger.set(this.buffer.subarray(0, this.length));
    this.buffer = larger;
  }

  bytes(bytes: Uint8Array): void {
    this.reserve(bytes.length);
    this.buffer.set(bytes, this.length);
    this.length += bytes.length;
  }

  /** Little-endian, `count` bytes of an integer below 2^53. */
  littleEndian(value: number, count: number): void {
    this.reserve(count);
    for (let rest = value, i = 0; i < count; i++, rest = Math.floor(rest / 256)) {
      this.buffer[this.length++] = rest % 256;
    }
  }

  /** Protobuf varint of an unsigned 32-bit integer. */
  varint(value: number): void {
    this.reserve(5);
    let rest = value;
    for (; rest > 0x7f; rest >>>= 7) this.buffer[this.length++] = (rest & 0x7f) | 0x80;
    this.buffer[this.length++] = rest;
  }

  /** Protobuf field with a varint. */
  varintField(field: number, value: number): void {
    this.varint(field << 3);
    this.varint(value);
  }

  /** Protobuf field with bytes. */
  bytesField(field: number, bytes: Uint8Array): void {
    this.varint((field << 3) | 2);
    this.varint(bytes.length);
    this.bytes(bytes);
  }

  /** Protobuf field with a string, as UTF-8. */
  stringField(field: number, text: string): void {
    this.bytesField(field, utf8.encode(text));
  }

  /** Protobuf field with a fixed64. */
  fixed64Field(field: number, value: number): void {
    this.varint((field << 3) | 1);
    this.littleEndian(value, 8);
  }

  /** The written bytes: a view, not a copy. */
  finish(): Uint8Array<ArrayBuffer> {
    return this.buffer.subarray(0, this.length);
  }
}

/** Takes exact numbers of bytes out of a stream. */
export class ByteSource {
  readonly #chunks: AsyncIterator<Uint8Array>;
  #rest: Uint8Array = new Uint8Array(0);
  #at = 0;

  constructor(chunks: AsyncIterable<Uint8Array>) {
    this.#chunks = chunks[Symbol.asyncIterator]();
  }

  /** Bytes taken so far. */
  get at(): number {
    return this.#at;
  }

  /** The next `count` bytes; undefined when fewer are left. */
  async take(count: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const taken = new Uint8Array(count);
    let length = 0;
    while (length < count) {
      if (this.#rest.length === 0 && !await this.#more()) return undefined;
      const part = this.#rest.subarray(0, count - length);
      taken.set(part, length);
      length += part.length;
      this.#rest = this.#rest.subarray(part.length);
    }
    this.#at += count;
    return taken;
  }

  /** Whether nothing is left. */
  async isAtEnd(): Promise<boolean> {
    return this.#rest.length === 0 && !await this.#more();
  }

  async #more(): Promise<boolean> {
    for (;;) {
      const { done, value } = await this.#chunks.next();
      if (done === true) return false;
      if (value.length === 0) continue;
      this.#rest = value;
      return true;
    }
  }
}

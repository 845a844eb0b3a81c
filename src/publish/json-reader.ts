/** What a reader found wrong, and where; the text never quotes the input. */
export class JsonFault extends Error {}

/** Reads one member's value; the name was read and the reader stands at the value. */
export type MemberReader<T> = (json: JsonReader, into: T) => void;

/** A member: how it is read, and whether it may come twice (its reader then compares). */
export type Member<T> = {
  readonly name: string;
  readonly read: MemberReader<T>;
  readonly repeatable?: boolean;
};

/** The members of an object by lower-case name. */
export type Members<T> = ReadonlyMap<string, Member<T>>;

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
/** Characters that keep a string from being taken as it stands: escapes, and control characters, which JSON forbids. */
// deno-lint-ignore no-control-regex
const SPECIAL = /[\\\u0000-\u001f]/;
const MAX_NAME_CHARACTERS = 100;
const MIN_INT32 = -(2 ** 31);
const MAX_INT32 = 2 ** 31 - 1;

/**
 * JSON (RFC 8259) read in one pass by somebody who knows what comes: no tree is built, and nothing is read that
 * is not wanted, so nesting is bounded by the caller's own. Throws {@link JsonFault} with path and offset.
 */
export class JsonReader {
  readonly #text: string;
  readonly #path: (string | number)[] = [];
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  /** An object with known members only; names match without regard to case, `null` counts as absent. */
  object<T>(members: Members<T>, into: T): void {
    this.#expect(0x7b, "an object");
    if (this.#take(0x7d)) return;
    const seen = new Set<string>();
    do {
      this.#space();
      const sent = this.#string("a member name");
      const known = sent.length > MAX_NAME_CHARACTERS ? undefined : members.get(sent.toLowerCase());
      if (known === undefined) this.fail(`unknown member ${printable(sent)}`);
      if (seen.has(known.name) && known.repeatable !== true) {
        this.fail(`member ${known.name} twice`);
      }
      this.#expect(COLON, "a colon");
      this.#space();
      if (!this.#null()) {
        seen.add(known.name);
        this.#path.push(known.name);
        known.read(this, into);
        this.#path.pop();
      }
    } while (this.#take(COMMA));
    this.#expect(0x7d, "a comma or the end of the object");
  }

  /** An array of at most `max` elements. */
  array(max: number, element: (index: number) => void): void {
    this.#expect(0x5b, "an array");
    if (this.#take(0x5d)) return;
    let count = 0;
    do {
      if (count >= max) this.fail(`more than ${max} elements`);
      this.#path.push(count);
      element(count++);
      this.#path.pop();
    } while (this.#take(COMMA));
    this.#expect(0x5d, "a comma or the end of the array");
  }

  string(): string {
    this.#space();
    return this.#string("a string");
  }

  boolean(): boolean {
    this.#space();
    if (this.#text.startsWith("true", this.#at)) {
      this.#at += 4;
      return true;
    }
    if (this.#text.startsWith("false", this.#at)) {
      this.#at += 5;
      return false;
    }
    this.fail("must be true or false");
  }

  int32(): number {
    this.#space();
    NUMBER.lastIndex = this.#at;
    const digits = NUMBER.exec(this.#text)?.[0];
    if (digits === undefined) this.fail("must be an integer");
    const value = Number(digits);
    if (!Number.isInteger(value) || value < MIN_INT32 || value > MAX_INT32) {
      this.fail("must be an integer of 32 bits");
    }
    this.#at += digits.length;
    return value + 0;
  }

  /** Nothing but white space may follow. */
  end(): void {
    this.#space();
    if (this.#at < this.#text.length) this.fail("something follows the JSON object");
  }

  fail(what: string): never {
    const path = this.#path.map((step) => typeof step === "number" ? `[${step}]` : `.${step}`)
      .join("").replace(/^\./, "");
    throw new JsonFault(`${path === "" ? "" : `${path}: `}${what} (at character ${this.#at})`);
  }

  #space(): void {
    for (;;) {
      const code = this.#text.charCodeAt(this.#at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
      this.#at++;
    }
  }

  #take(code: number): boolean {
    this.#space();
    if (this.#text.charCodeAt(this.#at) !== code) return false;
    this.#at++;
    return true;
  }

  #expect(code: number, what: string): void {
    if (this.#take(code)) return;
    this.fail(this.#at >= this.#text.length ? `${what} is missing` : `must be ${what}`);
  }

  #null(): boolean {
    if (!this.#text.startsWith("null", this.#at)) return false;
    this.#at += 4;
    return true;
  }

  #string(what: string): string {
    const start = this.#at;
    if (this.#text.charCodeAt(start) !== QUOTE) this.fail(`must be ${what}`);
    let end = this.#text.indexOf('"', start + 1);
    if (end === -1) this.fail("a string without an end");
    const plain = this.#text.slice(start + 1, end);
    if (!SPECIAL.test(plain)) {
      this.#at = end + 1;
      return plain;
    }
    while (this.#isEscaped(end)) {
      end = this.#text.indexOf('"', end + 1);
      if (end === -1) this.fail("a string without an end");
    }
    const value = unescaped(this.#text.slice(start, end + 1));
    if (value === undefined) this.fail("a string with a wrong escape or a control character");
    this.#at = end + 1;
    return value;
  }

  #isEscaped(at: number): boolean {
    let backslashes = 0;
    while (this.#text.charCodeAt(at - 1 - backslashes) === 0x5c) backslashes++;
    return backslashes % 2 === 1;
  }
}

/** The value of a JSON string literal with escapes. */
function unescaped(literal: string): string | undefined {
  try {
    const value: unknown = JSON.parse(literal);
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** A foreign name as far as an answer may repeat it. */
function printable(name: string): string {
  return /^[A-Za-z_]{1,40}$/.test(name) ? `"${name}"` : "(not printable or too long)";
}

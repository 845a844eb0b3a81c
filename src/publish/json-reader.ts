/** What a reader found wrong, and where; the text never quotes a value of the input. */
export class JsonFault extends Error {}

const QUOTE = 0x22;
const COMMA = 0x2c;
const COLON = 0x3a;
const MINUS = 0x2d;
const BACKSLASH = 0x5c;
const OPEN_OBJECT = 0x7b;
const CLOSE_OBJECT = 0x7d;
const OPEN_ARRAY = 0x5b;
const CLOSE_ARRAY = 0x5d;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
/** Escapes, and control characters, which a JSON string must not hold. */
// deno-lint-ignore no-control-regex
const SPECIAL = /[\\\u0000-\u001f]/;
/** More digits are read the long way. */
const SHORT_DIGITS = 9;
const MIN_INT32 = -(2 ** 31);
const MAX_INT32 = 2 ** 31 - 1;

/**
 * JSON (RFC 8259) read in one pass by somebody who knows what comes: no tree is built, and nothing is read that
 * is not wanted, so nesting is bounded by the caller's own. Throws {@link JsonFault} with path and offset.
 */
export class JsonReader {
  private readonly text: string;
  private readonly path: (string | number)[] = [];
  /** No string of this text can hold an escape or a control character. */
  private readonly plain: boolean;
  private at = 0;

  constructor(text: string) {
    this.text = text;
    this.plain = !SPECIAL.test(text);
  }

  /** An object with known members only; names match without regard to case, `null` counts as absent. */
  object<T>(known: Members<T>, into: T): void {
    this.expect(OPEN_OBJECT, "an object");
    if (this.take(CLOSE_OBJECT)) return;
    let seen = 0;
    do {
      this.space();
      const sent = this.literal("a member name");
      const member = known.get(sent) ?? known.get(sent.toLowerCase());
      if (member === undefined) this.fail(`unknown member ${printable(sent)}`);
      this.expect(COLON, "a colon");
      this.space();
      if (this.isNull()) continue;
      if ((seen & member.bit) !== 0 && member.repeatable !== true) {
        this.fail(`member ${member.name} twice`);
      }
      seen |= member.bit;
      this.path.push(member.name);
      member.read(this, into);
      this.path.pop();
    } while (this.take(COMMA));
    this.expect(CLOSE_OBJECT, "a comma or the end of the object");
  }

  /** An array of at most `max` elements. */
  array(max: number, element: (index: number) => void): void {
    this.expect(OPEN_ARRAY, "an array");
    if (this.take(CLOSE_ARRAY)) return;
    let count = 0;
    do {
      if (count >= max) this.fail(`more than ${max} elements`);
      this.path.push(count);
      element(count++);
      this.path.pop();
    } while (this.take(COMMA));
    this.expect(CLOSE_ARRAY, "a comma or the end of the array");
  }

  string(): string {
    this.space();
    return this.literal("a string");
  }

  boolean(): boolean {
    this.space();
    const value = this.text.startsWith("true", this.at);
    if (!value && !this.text.startsWith("false", this.at)) this.fail("must be true or false");
    this.at += value ? 4 : 5;
    return value;
  }

  int32(): number {
    this.space();
    const short = this.shortInteger();
    if (short !== undefined) return short;
    NUMBER.lastIndex = this.at;
    const digits = NUMBER.exec(this.text)?.[0];
    if (digits === undefined) this.fail("must be an integer");
    const value = Number(digits);
    if (!Number.isInteger(value) || value < MIN_INT32 || value > MAX_INT32) {
      this.fail("must be an integer of 32 bits");
    }
    this.at += digits.length;
    return value + 0;
  }

  /** Nothing but white space may follow. */
  end(): void {
    this.space();
    if (this.at < this.text.length) this.fail("something follows the JSON object");
  }

  fail(what: string): never {
    const path = this.path.map((step) => typeof step === "number" ? `[${step}]` : `.${step}`)
      .join("").replace(/^\./, "");
    throw new JsonFault(`${path === "" ? "" : `${path}: `}${what} (at character ${this.at})`);
  }

  /** An integer of a few digits with a delimiter behind it; undefined, and nothing is read, for any other. */
  private shortInteger(): number | undefined {
    const { text, at: start } = this;
    const negative = text.charCodeAt(start) === MINUS;
    let at = negative ? start + 1 : start;
    const first = at;
    let value = 0;
    let code = text.charCodeAt(at);
    while (code >= 0x30 && code <= 0x39) {
      value = value * 10 + code - 0x30;
      code = text.charCodeAt(++at);
    }
    const digits = at - first;
    const delimited = code === COMMA || code === CLOSE_OBJECT;
    if (!delimited || digits === 0 || digits > SHORT_DIGITS) return undefined;
    if (digits > 1 && text.charCodeAt(first) === 0x30) return undefined;
    this.at = at;
    return negative ? 0 - value : value;
  }

  private space(): void {
    let code = this.text.charCodeAt(this.at);
    while (code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09) {
      code = this.text.charCodeAt(++this.at);
    }
  }

  private take(code: number): boolean {
    if (this.text.charCodeAt(this.at) !== code) {
      this.space();
      if (this.text.charCodeAt(this.at) !== code) return false;
    }
    this.at++;
    return true;
  }

  private expect(code: number, what: string): void {
    if (this.take(code)) return;
    this.fail(this.at >= this.text.length ? `${what} is missing` : `must be ${what}`);
  }

  private isNull(): boolean {
    if (this.text.charCodeAt(this.at) !== 0x6e || !this.text.startsWith("null", this.at)) {
      return false;
    }
    this.at += 4;
    return true;
  }

  private literal(what: string): string {
    const start = this.at;
    if (this.text.charCodeAt(start) !== QUOTE) this.fail(`must be ${what}`);
    let end = this.text.indexOf('"', start + 1);
    if (end === -1) this.fail("a string without an end");
    const value = this.text.slice(start + 1, end);
    if (this.plain || !SPECIAL.test(value)) {
      this.at = end + 1;
      return value;
    }
    while (this.isEscaped(end)) {
      end = this.text.indexOf('"', end + 1);
      if (end === -1) this.fail("a string without an end");
    }
    const unescaped = unescape(this.text.slice(start, end + 1));
    if (unescaped === undefined) this.fail("a string with a wrong escape or a control character");
    this.at = end + 1;
    return unescaped;
  }

  private isEscaped(at: number): boolean {
    let backslashes = 0;
    while (this.text.charCodeAt(at - 1 - backslashes) === BACKSLASH) backslashes++;
    return backslashes % 2 === 1;
  }
}

/** The value of a JSON string literal with escapes. */
function unescape(literal: string): string | undefined {
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

/** Reads one member's value into what is being built; the reader stands at the value. */
export type MemberReader<T> = (json: JsonReader, into: T) => void;

/** A member: how it is read, and whether it may come twice (its reader then compares). */
export type Member<T> = {
  readonly name: string;
  readonly read: MemberReader<T>;
  readonly repeatable?: boolean;
};

/** The members of an object, at most 32, by their own and by their lower-case name. */
export type Members<T> = ReadonlyMap<string, Member<T> & { readonly bit: number }>;

/** Members from their readers by name. `repeatable` names those that may come twice. */
export function members<T>(
  readers: Readonly<Record<string, MemberReader<T>>>,
  repeatable: readonly string[] = [],
): Members<T> {
  return new Map(
    Object.entries(readers).flatMap(([name, read], index) => {
      const member = { name, read, repeatable: repeatable.includes(name), bit: 1 << index };
      return [[name, member], [name.toLowerCase(), member]];
    }),
  );
}

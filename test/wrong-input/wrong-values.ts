/** Where a value is inside of a JSON value. */
export type Path = readonly (string | number)[];

const HERE = "\u2316here\u2316";

/** Every place in a value: members, items of lists, and what is in them. */
export function placesIn(value: unknown, path: Path = []): readonly Path[] {
  if (typeof value !== "object" || value === null) return [path];
  const inner = Object.entries(value).flatMap(([name, member]) =>
    placesIn(member, [...path, Array.isArray(value) ? Number(name) : name])
  );
  return path.length === 0 ? inner : [path, ...inner];
}

/** What is at a place; undefined when there is nothing. */
export function valueAt(value: unknown, path: Path): unknown {
  return path.reduce<unknown>(
    (inner, name) =>
      typeof inner === "object" && inner !== null
        ? Object.entries(inner).find(([member]) => member === String(name))?.[1]
        : undefined,
    value,
  );
}

/** The JSON text of a value with another text in one place. */
export function jsonWith(value: unknown, path: Path, raw: string): string {
  return JSON.stringify(replaced(value, path)).replace(JSON.stringify(HERE), () => raw);
}

function replaced(value: unknown, [name, ...rest]: Path): unknown {
  if (name === undefined) return HERE;
  if (Array.isArray(value)) {
    return value.map((item, index) => index === name ? replaced(item, rest) : item);
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([member, inner]) => [
      member,
      member === name ? replaced(inner, rest) : inner,
    ]),
  );
}

/** JSON texts that are wrong, or odd, in almost every place. */
const ANYWHERE: readonly string[] = [
  ...['"a\\u0000b"', '"a\\ud800"', '"\\udc00a"', '"a\\u001b[2J"', '"\\ufeff"', '"\\u202e"'],
  ...['""', '" "', '"a"', '"\\n"', '"../../x"', '"-x"', '"%00"'],
  ...['"__proto__"', '"constructor"', '"0"', '"file:"', '"local:"', '"http://"', '"0h"'],
  ...["null", "true", "false", "0", "-0", "1", "-1", "0.5", "1e400", "-1e400", "1e21"],
  ...["9007199254740992", "9007199254740993", "2147483648", "4294967296"],
  ...["[]", "{}", "[null]", "[[]]", "[{}]", '["a","a"]', '[""]', '["a\\u0000"]', '{"":1}'],
  ...['{"__proto__":1}', '{"constructor":{"x":1}}', '{"toString":"a"}', '{"a\\u0000":1}'],
  ...["NaN", "Infinity", "undefined", "'x'", "01", '{"a":1,"a":2}'],
  "[".repeat(1000) + "]".repeat(1000),
  '{"a":'.repeat(1000) + "1" + "}".repeat(1000),
  `[${Array.from({ length: 1001 }, (_, index) => `"a${index}"`).join(",")}]`,
  `{${Array.from({ length: 1001 }, (_, index) => `"a${index}":"a"`).join(",")}}`,
  JSON.stringify("a".repeat(300_000)),
  `{${JSON.stringify("a".repeat(300_000))}:1}`,
];

/** Beyond each bound that texts have. */
const LENGTHS = [2, 11, 33, 51, 64, 101, 201, 254, 257, 501, 1001, 2001, 8001, 16_001, 20_001];

/** JSON texts to try in the place of a right value. */
export function wrongValues(right: unknown): readonly string[] {
  const json = JSON.stringify(right);
  if (typeof right === "string") {
    return [
      ...ANYWHERE,
      ...LENGTHS.map((length) => JSON.stringify(right.padEnd(length, right.at(-1) ?? "a"))),
      ...["\u0000", "\ud800", " ", "\n", "é", "\u2028", "#", "?", "\\"].map((end) =>
        JSON.stringify(`${right}${end}`)
      ),
      ...['" ' + json.slice(1), json.toUpperCase().replaceAll("\\N", "\\n"), json.toLowerCase()],
      json.slice(0, -2) + '"',
    ];
  }
  if (typeof right === "number") return [...ANYWHERE, `${right + 0.5}`, `${-right}`, `"${right}"`];
  if (Array.isArray(right)) {
    const [first] = right.map((item) => JSON.stringify(item));
    return [
      ...ANYWHERE,
      ...[2, 3, 11, 51, 101, 201, 501, 1001].map((count) =>
        `[${Array.from({ length: count }, () => first).join(",")}]`
      ),
      first ?? "null",
      `{"0":${first}}`,
    ];
  }
  if (typeof right === "object" && right !== null) {
    const rest = json.slice(1);
    const comma = rest === "}" ? "" : ",";
    return [
      ...ANYWHERE,
      `{"__proto__":{"x":1}${comma}${rest}`,
      `{"constructor":1${comma}${rest}`,
      `{"surplus":1${comma}${rest}`,
      `[${json}]`,
    ];
  }
  return [...ANYWHERE, `"${json}"`];
}

/** Words of libraries and runtimes, which nobody outside should see. */
export const FOREIGN_WORDS: RegExp = new RegExp(
  [
    "Expected \\w+, received",
    "expected \\w+, received",
    "Invalid (input|string|number|option|key|URL|ISO|base64|Compact|type|time value)",
    "Unrecognized key",
    "Too (small|big)",
    "Unexpected (token|end|non-whitespace)",
    "\\bE(NOENT|CONNREFUSED|ISDIR|ACCES|NOTDIR|PERM|EXIST|INVAL|ADDRINUSE|NOTFOUND|PIPE)\\b",
    "\\bERR_",
    "PostgresError",
    "\\bJW[STE][A-Z]?[a-z]*(Error|Invalid)",
    "\\b(Type|Syntax|Range|Reference|Zod|Aggregate)Error\\b",
    "\\bat .*(\\.[cm]?[jt]sx?:\\d+|node:)",
    "[a-z/]\\.(ts|js):\\d+",
    "\\[object ",
    "\\bundefined\\b",
    "\\bNaN\\b",
    "Cannot (read|convert|destructure)",
    "is not (a function|iterable|a constructor)",
    "internal error",
    "fetch failed",
    "Failed to parse",
    "BLOCK_AS|BAD_|MISSING_CHAR|UNEXPECTED_TOKEN|DUPLICATE_KEY|TAG_RESOLVE",
  ].join("|"),
);

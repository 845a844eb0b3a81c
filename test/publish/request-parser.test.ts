import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { z } from "zod";
import { parseAlphaPublish, parsePublish } from "../../src/publish/request-parser.ts";
import {
  publishAlphaRequestSchema,
  publishRequestSchema,
  publishResponseSchema,
  statsRequestSchema,
  statsResponseSchema,
} from "../../src/publish/schema.ts";

const KEY = `{"key":"z2Cx9hdz2SlxZ8GEgqTYpA==","rollingStartNumber":1}`;
const bytes = (text: string) => new Uint8Array(Buffer.from(text));
const fault = (text: string): string => {
  const outcome = parsePublish(bytes(text), 30);
  if (outcome.ok) return "accepted";
  expect(outcome.code).toBe("bad_request");
  return outcome.message;
};
const body = (more: string) =>
  `{"healthAuthorityID":"mag","temporaryExposureKeys":[${KEY}]${more}}`;

describe("parsePublish()", () => {
  it("gives absent members their defaults", () => {
    expect(parsePublish(bytes(body("")), 30)).toEqual({
      ok: true,
      value: {
        temporaryExposureKeys: [{
          key: "z2Cx9hdz2SlxZ8GEgqTYpA==",
          rollingStartNumber: 1,
          rollingPeriod: 144,
          transmissionRisk: 0,
        }],
        healthAuthorityID: "mag",
        verificationPayload: undefined,
        hmacKey: undefined,
        symptomOnsetInterval: undefined,
        traveler: false,
        revisionToken: undefined,
        regions: undefined,
      },
    });
  });

  it.each([
    ["names in any case", `,"HMACKEY":"a","SYMPTOMONSETINTERVAL":5,"Traveler":true`],
    ["null members", `,"hmackey":null,"padding":null,"traveler":null,"revisionToken":null`],
    ["a member that is null first", `,"traveler":null,"TRAVELER":true`],
    ["hmackey and hmacKey alike", `,"hmackey":"a","hmacKey":"a"`],
    ["white space anywhere", ` \n\t\r,\n "padding" \t:\r "x" `],
    ["escapes", `,"padding":"a\\"b\\\\\\u0041\\n"`],
    ["an escaped name", `,"\\u0070adding":"x"`],
    ["a number with an exponent", `,"symptomOnsetInterval":2.9e6`],
  ])("takes %s", (_, more) => {
    expect(fault(body(more))).toBe("accepted");
  });

  it.each([
    ["", "the body is empty"],
    [" ", "an object is missing (at character 1)"],
    ["[]", "must be an object (at character 0)"],
    ["null", "must be an object (at character 0)"],
    ["{", "must be a member name (at character 1)"],
    [`{"a"}`, 'unknown member "a" (at character 4)'],
    [`{"traveler"}`, "must be a colon (at character 11)"],
    [`{"traveler":1}`, "traveler: must be true or false (at character 12)"],
    [`{"traveler":"true"}`, "traveler: must be true or false (at character 12)"],
    [`{"padding":5}`, "padding: must be a string (at character 11)"],
    [`{"padding":{}}`, "padding: must be a string (at character 11)"],
    [`{"padding":"x}`, "padding: a string without an end (at character 11)"],
    [
      `{"padding":"\\x"}`,
      "padding: a string with a wrong escape or a control character (at character 11)",
    ],
    [
      `{"padding":"\u0001"}`,
      "padding: a string with a wrong escape or a control character (at character 11)",
    ],
    [`{"padding":"\\"}`, "padding: a string without an end (at character 11)"],
    [`{"padding":"a","padding":"b"}`, "member padding twice (at character 25)"],
    [`{"hmackey":"a","hmacKey":"b"}`, "hmacKey: two different values (at character 28)"],
    [`{"symptomOnsetInterval":"5"}`, "symptomOnsetInterval: must be an integer (at character 24)"],
    [
      `{"symptomOnsetInterval":1.5}`,
      "symptomOnsetInterval: must be an integer of 32 bits (at character 24)",
    ],
    [
      `{"symptomOnsetInterval":2147483648}`,
      "symptomOnsetInterval: must be an integer of 32 bits (at character 24)",
    ],
    [
      `{"symptomOnsetInterval":1e999}`,
      "symptomOnsetInterval: must be an integer of 32 bits (at character 24)",
    ],
    [
      `{"symptomOnsetInterval":05}`,
      "must be a comma or the end of the object (at character 25)",
    ],
    [`{"symptomOnsetInterval":+5}`, "symptomOnsetInterval: must be an integer (at character 24)"],
    [`{"temporaryExposureKeys":{}}`, "temporaryExposureKeys: must be an array (at character 25)"],
    [
      `{"temporaryExposureKeys":[null]}`,
      "temporaryExposureKeys[0]: must be an object (at character 26)",
    ],
    [
      `{"temporaryExposureKeys":[${KEY},]}`,
      "temporaryExposureKeys[1]: must be an object (at character 84)",
    ],
    [
      `{"temporaryExposureKeys":[{"key":7}]}`,
      "temporaryExposureKeys[0].key: must be a string (at character 33)",
    ],
    [
      `{"temporaryExposureKeys":[{"tek":""}]}`,
      'temporaryExposureKeys[0]: unknown member "tek" (at character 32)',
    ],
    [`{"platform":"x"}`, 'unknown member "platform" (at character 11)'],
    [`{"__proto__":{}}`, 'unknown member "__proto__" (at character 12)'],
    [`{"1a":{}}`, "unknown member (not printable or too long) (at character 5)"],
    [body("") + "x", "something follows the JSON object (at character 111)"],
    [body("") + "{}", "something follows the JSON object (at character 111)"],
    [body(","), "must be a member name (at character 111)"],
    [`{"temporaryExposureKeys":[${KEY}]}`, "healthAuthorityID is missing"],
    [`{"healthAuthorityID":"mag"}`, "temporaryExposureKeys must hold 1 to 30 keys"],
    [
      `{"healthAuthorityID":"mag","temporaryExposureKeys":[]}`,
      "temporaryExposureKeys must hold 1 to 30 keys",
    ],
    [
      `{"temporaryExposureKeys":[${Array(31).fill(KEY).join(",")}]}`,
      `temporaryExposureKeys: more than 30 elements (at character ${26 + 30 * 58})`,
    ],
    ["[".repeat(60_000), "must be an object (at character 0)"],
    [
      `{"temporaryExposureKeys":${"[".repeat(60_000)}`,
      "temporaryExposureKeys[0]: must be an object (at character 26)",
    ],
  ])("refuses %.60s", (text, message) => {
    expect(fault(text)).toBe(message);
  });

  it("refuses what is not UTF-8, and a byte order mark", () => {
    const broken = bytes(body(`,"padding":"x"`));
    broken[broken.length - 3] = 0xff;
    expect(parsePublish(broken, 30)).toMatchObject({ message: "the body is not UTF-8" });
    expect(parsePublish(bytes("\ufeff{}"), 30)).toMatchObject({
      message: "must be an object (at character 0)",
    });
  });
});

describe("parseAlphaPublish()", () => {
  it("takes the old API's members", () => {
    const outcome = parseAlphaPublish(
      bytes(
        `{"appPackageName":"mag","regions":["MAG","SLA"],"platform":"ios",` +
          `"deviceVerificationPayload":"x","temporaryExposureKeys":[${KEY}]}`,
      ),
      30,
    );
    expect(outcome).toMatchObject({
      ok: true,
      value: { healthAuthorityID: "mag", regions: ["MAG", "SLA"] },
    });
  });

  it("does not know healthAuthorityID", () => {
    expect(parseAlphaPublish(bytes(`{"healthAuthorityID":"x"}`), 30)).toMatchObject({
      message: 'unknown member "healthAuthorityID" (at character 20)',
    });
  });
});

/** Values that are right or nearly right for a member. */
const almost = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    false,
    "",
    "x",
    [],
    {},
    0,
    1,
    -1,
    1.5,
    144,
    2 ** 31,
    -(2 ** 31),
  ),
  fc.string({ maxLength: 5 }),
  fc.integer(),
);
const maybe = <T>(value: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 30, arbitrary: value as fc.Arbitrary<unknown> }, almost);
const anyCase = (name: string) => fc.constantFrom(name, name.toLowerCase(), name.toUpperCase());
const object = (members: Readonly<Record<string, fc.Arbitrary<unknown>>>) =>
  fc.record({
    entries: fc.tuple(
      ...Object.entries(members).map(([name, value]) =>
        fc.option(fc.tuple(anyCase(name), value), { nil: undefined, freq: 9 })
      ),
    ),
    unknown: fc.oneof(
      { weight: 15, arbitrary: fc.constant(undefined) },
      { weight: 1, arbitrary: fc.tuple(fc.string({ minLength: 1, maxLength: 8 }), almost) },
    ),
  }).map(({ entries, unknown }) =>
    Object.fromEntries(
      [...entries, unknown?.[0] === "__proto__" ? undefined : unknown].filter((one) =>
        one !== undefined
      ),
    )
  );
const key = object({
  key: maybe(fc.string({ maxLength: 30 })),
  rollingStartNumber: maybe(fc.integer()),
  rollingPeriod: maybe(fc.integer({ min: 1, max: 144 })),
  transmissionRisk: maybe(fc.integer({ min: 0, max: 8 })),
});
const common = {
  temporaryExposureKeys: maybe(
    fc.array(fc.oneof({ weight: 30, arbitrary: key as fc.Arbitrary<unknown> }, almost), {
      maxLength: 4,
    }),
  ),
  verificationPayload: maybe(fc.string()),
  hmacKey: maybe(fc.string()),
  symptomOnsetInterval: maybe(fc.integer()),
  traveler: maybe(fc.boolean()),
  revisionToken: maybe(fc.string()),
  padding: maybe(fc.string()),
};

/** What the schema judges: members under their own names, absent when null. */
function normalised(value: unknown, names: readonly string[]): unknown {
  if (Array.isArray(value)) {
    return value.map((one) =>
      typeof one === "object" && one !== null ? normalised(one, KEY_NAMES) : one
    );
  }
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).filter(([name, member]) => member !== null || !isKnown(name, names))
      .map(([name, member]) => {
        const own = names.find((one) => one.toLowerCase() === name.toLowerCase()) ?? name;
        return [own, own === "temporaryExposureKeys" ? normalised(member, names) : member];
      }),
  );
}
const isKnown = (name: string, names: readonly string[]) =>
  names.some((one) => one.toLowerCase() === name.toLowerCase());
const KEY_NAMES = ["key", "rollingStartNumber", "rollingPeriod", "transmissionRisk"];

describe.each(
  [
    ["parsePublish()", parsePublish, publishRequestSchema, {
      ...common,
      healthAuthorityID: maybe(fc.string({ minLength: 1 })),
    }],
    ["parseAlphaPublish()", parseAlphaPublish, publishAlphaRequestSchema, {
      ...common,
      appPackageName: maybe(fc.string({ minLength: 1 })),
      regions: maybe(fc.array(maybe(fc.string()))),
      platform: maybe(fc.string()),
      deviceVerificationPayload: maybe(fc.string()),
    }],
  ] as const,
)("%s", (_, parse, schema, members) => {
  const names = Object.keys(members);

  it("accepts exactly what the schema accepts", () => {
    let accepted = 0;
    const runs = 4000;
    fc.assert(
      fc.property(object(members), fc.boolean(), (value, pretty) => {
        const text = JSON.stringify(value, null, pretty ? 1 : 0);
        const verdict = parse(bytes(text), 30).ok;
        if (verdict) accepted++;
        expect(verdict, text).toBe(schema.safeParse(normalised(value, names)).success);
      }),
      { numRuns: runs, seed: 7 },
    );
    expect(accepted).toBeGreaterThan(runs / 50);
    expect(accepted).toBeLessThan(runs * 0.9);
  });
});

it("every schema has a JSON Schema with descriptions", () => {
  const schemas = [
    publishRequestSchema,
    publishAlphaRequestSchema,
    publishResponseSchema,
    statsRequestSchema,
    statsResponseSchema,
  ];
  for (const schema of schemas) {
    expect(JSON.stringify(z.toJSONSchema(schema))).toContain('"description"');
  }
});

import { Buffer } from "node:buffer";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import * as z from "zod";
import { parseAlphaPublish, parsePublish } from "../../src/publish/request-parser.ts";
import {
  publishAlphaRequestSchema,
  publishRequestSchema,
  publishResponseSchema,
  statsRequestSchema,
  statsResponseSchema,
} from "../../src/openapi/publish-schemas.ts";

const bytes = (text: string) => new Uint8Array(Buffer.from(text));

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
    ["parsePublish()", parsePublish, publishRequestSchema(30), {
      ...common,
      healthAuthorityID: maybe(fc.string({ minLength: 1 })),
    }],
    ["parseAlphaPublish()", parseAlphaPublish, publishAlphaRequestSchema(30), {
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
    publishRequestSchema(30),
    publishAlphaRequestSchema(30),
    publishResponseSchema,
    statsRequestSchema,
    statsResponseSchema,
  ];
  for (const schema of schemas) {
    expect(JSON.stringify(z.toJSONSchema(schema))).toContain('"description"');
  }
});

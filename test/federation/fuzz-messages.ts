import fc from "fast-check";
import { encodeFrame } from "../../federation/rpc/frame.ts";
import { PATHS } from "../../federation/messages.ts";
import { FederationFetchRequest, wayfarer } from "../../proto/gen/federation.js";
import { NOW } from "./support.ts";
import { type EncodingName, ENCODINGS } from "./service/encodings.ts";

const { DescribeRequest, PushRequest } = wayfarer.federation.v1;

export type Method = keyof typeof PATHS;
/** A call with a message that nobody meant, and may be broken. */
export type FuzzedCall = {
  readonly method: Method;
  readonly encoding: EncodingName;
  /** Framed where the encoding asks for it. */
  readonly body: Uint8Array<ArrayBuffer>;
  readonly headers: Readonly<Record<string, string>>;
};

const START = NOW / 600;
const oddText = fc.oneof(
  fc.constantFrom(
    ...["R0", "r1", "Z", "", "\0", "R\0", "R".repeat(51), "\ud800", "é", "__proto__", "toString"],
    ...["https://x.example", "https://x/\0", "https://a.example/", "https://[", "javascript:1"],
  ),
  fc.string({ maxLength: 20 }),
);
const region = fc.oneof({ weight: 10, arbitrary: fc.constantFrom("R0", "R1") }, oddText);
const regions = fc.array(region, { minLength: 1, maxLength: 3 });
const int32 = fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 });
const uint32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });
/** Mostly what is right, so that faults in other fields are reached. */
const mostly = <T>(right: fc.Arbitrary<T>, odd: fc.Arbitrary<T>) =>
  fc.oneof({ weight: 15, arbitrary: right }, { weight: 1, arbitrary: odd });

const key = fc.record({
  exposureKey: mostly(
    fc.uint8Array({ minLength: 16, maxLength: 16 }),
    fc.uint8Array({ maxLength: 40 }),
  ),
  transmissionRisk: mostly(fc.integer({ min: 0, max: 8 }), int32),
  intervalNumber: mostly(fc.integer({ min: START - 1500, max: START - 144 }), int32),
  intervalCount: mostly(fc.constantFrom(144, 1), int32),
  reportType: mostly(fc.constantFrom(1, 1, 2, 3, 4, 5), int32),
  daysSinceOnsetOfSymptoms: mostly(fc.integer({ min: -14, max: 14 }), int32),
  hasSymptomOnset: fc.boolean(),
  traveler: mostly(fc.constant(true), fc.constant(false)),
  regions,
  homeServerId: mostly(fc.constantFrom("", "https://third.example"), oddText),
  hops: mostly(fc.integer({ min: 0, max: 4 }), uint32),
}, { requiredKeys: ["exposureKey"] });

const wish = {
  includeRegions: regions,
  excludeRegions: fc.array(oddText, { maxLength: 2 }),
  onlyTravelers: fc.boolean(),
  onlyLocalProvenance: fc.boolean(),
};
const cursor = fc.record({
  timestamp: mostly(fc.constantFrom(0, NOW, -62_135_596_800), fc.maxSafeInteger()),
  nextToken: mostly(fc.constant(""), oddText),
}, { requiredKeys: [] });

const messages = {
  fetch: fc.record({
    ...wish,
    maxExposureKeys: mostly(fc.integer({ min: 0, max: 10 }), uint32),
    state: fc.record({ keyCursor: cursor, revisedKeyCursor: cursor }, { requiredKeys: [] }),
  }, { requiredKeys: ["includeRegions"] }),
  push: fc.record({
    batchId: mostly(fc.constant("1"), oddText),
    keys: fc.array(key, { maxLength: 3 }),
    revisedKeys: fc.array(key, { maxLength: 3 }),
  }, { requiredKeys: ["batchId"] }),
  describe: fc.record({ ...wish, fromDay: uint32, untilDay: uint32 }, { requiredKeys: [] }),
} satisfies Record<Method, fc.Arbitrary<object>>;

/** `JSON.stringify` with bytes in base64. */
const jsonOf = (message: unknown): Uint8Array =>
  new TextEncoder().encode(
    JSON.stringify(message, (_, value: unknown) =>
      value instanceof Uint8Array ? Buffer.from(value).toString("base64") : value),
  );

const protoOf = (method: Method, message: object): Uint8Array => {
  if (method === "fetch") return FederationFetchRequest.encode(message).finish();
  if (method === "push") return PushRequest.encode(message).finish();
  return DescribeRequest.encode(message).finish();
};

/** Bytes, changed in a few places: another byte, some more, some fewer, or a part twice. */
type Change = { kind: "set" | "insert" | "remove" | "repeat"; place: number; bytes: Uint8Array };
const changes = fc.array(
  fc.record<Change>({
    kind: fc.constantFrom("set", "insert", "remove", "repeat"),
    place: fc.double({ min: 0, max: 1, noNaN: true }),
    bytes: fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 4 }),
      fc.constantFrom(
        ...['"', "{}", "[1,2]", "null", "1e999", "\\u0000", "{", "]", ","].map((text) =>
          new TextEncoder().encode(text)
        ),
      ),
    ),
  }),
  { maxLength: 3 },
);

function changed(from: Uint8Array, all: readonly Change[]): Uint8Array<ArrayBuffer> {
  let bytes = [...from];
  for (const { kind, place, bytes: more } of all) {
    const at = Math.floor(place * (bytes.length + 1));
    if (kind === "set") bytes.splice(at, more.length, ...more);
    if (kind === "insert") bytes.splice(at, 0, ...more);
    if (kind === "remove") bytes.splice(at, more.length);
    if (kind === "repeat") bytes = [...bytes, ...bytes.slice(at)];
  }
  return new Uint8Array(bytes);
}

const headers = fc.oneof(
  { weight: 8, arbitrary: fc.constant({}) },
  {
    weight: 1,
    arbitrary: fc.constantFrom(
      { "grpc-encoding": "gzip" },
      { "grpc-encoding": "br" },
      { "content-encoding": "gzip" },
      { "content-encoding": "br" },
      { "connect-protocol-version": "2" },
      { "grpc-timeout": "0m" },
      { "grpc-timeout": "x" },
      { "connect-timeout-ms": "99999999999" },
    ),
  },
);

/** Calls of every method in every encoding. */
export const fuzzedCalls: fc.Arbitrary<FuzzedCall> = fc.constantFrom<Method>(
  "fetch",
  "push",
  "describe",
).chain((method) =>
  fc.record({
    encoding: fc.constantFrom(...ENCODINGS),
    message: messages[method] as fc.Arbitrary<object>,
    within: fc.oneof(fc.constant<Change[]>([]), changes),
    around: mostly(fc.constant<Change[]>([]), changes),
    headers,
  }).map(({ encoding, message, within, around, headers }) => {
    const whole = encoding === "json" ? jsonOf(message) : protoOf(method, message);
    const inner = changed(whole, within);
    const framed = encoding.startsWith("grpc") ? encodeFrame(inner) : inner;
    return { method, encoding, headers, body: changed(framed, around) };
  })
);

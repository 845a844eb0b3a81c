import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  faultOfJson,
  faultOfJsonText,
  faultOfProto,
  type MessageBounds,
} from "../../../federation/rpc/bounds.ts";
import { wayfarer } from "../../../proto/gen/federation.js";

const { PushRequest } = wayfarer.federation.v1;
const BOUNDS: MessageBounds = {
  fields: 1000,
  nested: { 2: {}, 3: { 1: {} } },
  elements: { of: { 2: "keys", 3: "revisedKeys" }, max: 5, what: "keys in a batch" },
};
const bytes = (...parts: readonly (number | readonly number[])[]) => new Uint8Array(parts.flat());
const times = (count: number, ...part: number[]) =>
  Array.from({ length: count }, () => part).flat();
const limit = (message: string) => ({ ok: false, code: "limit_exceeded", message });
const TOO_MANY_FIELDS = limit("more than 1000 fields in a message");
const TOO_MANY_KEYS = limit("more than 5 keys in a batch");
const UNREADABLE = {
  ok: false,
  code: "invalid_argument",
  message: "the message cannot be read as what this method takes",
};

describe("faultOfProto()", () => {
  it("counts repeated messages over all their fields", () => {
    expect(faultOfProto(bytes(times(3, 0x12, 0), times(2, 0x1a, 0)), BOUNDS)).toBeUndefined();
    expect(faultOfProto(bytes(times(3, 0x12, 0), times(3, 0x1a, 0)), BOUNDS))
      .toEqual(TOO_MANY_KEYS);
    // As numbers they are no messages.
    expect(faultOfProto(bytes(times(9, 0x10, 0)), BOUNDS)).toBeUndefined();
  });

  it.each([
    ["unknown numbers", times(1001, 0x78, 1)],
    ["unknown texts", times(1001, 0x7a, 0)],
    ["fixed ones", times(1001, 0x7d, 0, 0, 0, 0)],
    ["those of a message within", [0x12, 0xd2, 0x0f, ...times(1001, 0x4a, 0)]],
    [
      "those of a message within a message",
      [0x1a, 0xd5, 0x0f, 0x0a, 0xd2, 0x0f, ...times(1001, 0x4a, 0)],
    ],
  ])("counts fields: %s", (_, message) => {
    expect(faultOfProto(bytes(message), BOUNDS)).toEqual(TOO_MANY_FIELDS);
  });

  it("skips groups, which nobody here knows, but counts their fields", () => {
    expect(faultOfProto(bytes(0x7b, times(9, 0x12, 0), 0x2b, 0x2c, 0x7c), BOUNDS)).toBeUndefined();
    expect(faultOfProto(bytes(times(501, 0x7b, 0x7c)), BOUNDS)).toEqual(TOO_MANY_FIELDS);
  });

  it("does not look into what is no message", () => {
    expect(faultOfProto(bytes(0x0a, 0xd0, 0x0f, times(1000, 0x4a, 0)), BOUNDS)).toBeUndefined();
  });

  it.each([
    ["a group that is not ended", [0x13]],
    ["a group that ends as another", [0x13, 0x1c]],
    ["an end without a beginning", [0x14]],
    ["a group that ends with a message around it", [0x12, 1, 0x13, 0x14]],
    ["an unknown type", [0x0e]],
    ["a number that does not end", [0x08, 0x80]],
    ["a number of eleven bytes", [0x08, ...times(10, 0x80), 0]],
    ["a text beyond the end", [0x0a, 2, 0]],
    ["a length beyond all sense", [0x0a, ...times(9, 0xff), 1]],
    ["a fixed number beyond the end", [0x0d, 0, 0, 0]],
    ["a message that ends within a field", [0x12, 1, 0x08, 0x01]],
  ])("does not take %s", (_, message) => {
    expect(faultOfProto(bytes(message), BOUNDS)).toEqual(UNREADABLE);
  });

  it("takes whatever encoders write", () => {
    const key = fc.record({
      exposureKey: fc.uint8Array({ maxLength: 40 }),
      transmissionRisk: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      intervalNumber: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      daysSinceOnsetOfSymptoms: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
      hasSymptomOnset: fc.boolean(),
      regions: fc.array(fc.string({ unit: "grapheme" }), { maxLength: 5 }),
      homeServerId: fc.string({ maxLength: 300 }),
      hops: fc.integer({ min: 0, max: 2 ** 32 - 1 }),
    });
    const batch = fc.record({
      batchId: fc.string(),
      keys: fc.array(key, { maxLength: 3 }),
      revisedKeys: fc.array(key, { maxLength: 2 }),
    });
    fc.assert(
      fc.property(batch, (message) => {
        const bounds = { ...BOUNDS, nested: { 2: {}, 3: {} } };
        expect(faultOfProto(PushRequest.encode(message).finish(), bounds)).toBeUndefined();
      }),
      { numRuns: Number(process.env["FUZZ_RUNS"] ?? 300), seed: 4 },
    );
  });

  it("takes nothing that the decoder would make more of", () => {
    const part = fc.constantFrom([0x12, 0], [0x1a, 2, 0x4a, 0], [0x0a, 1, 0x61], [0x10, 1], [0x7a]);
    const message = fc.array(fc.oneof(part, fc.array(fc.nat(255), { maxLength: 3 })));
    const decoded = (raw: Uint8Array) => {
      try {
        return PushRequest.decode(raw);
      } catch {
        return undefined;
      }
    };
    fc.assert(
      fc.property(message, (parts) => {
        const raw = bytes(...parts);
        if (faultOfProto(raw, BOUNDS) !== undefined) return;
        const { keys, revisedKeys } = decoded(raw) ?? { keys: [], revisedKeys: [] };
        expect(keys.length + revisedKeys.length).toBeLessThanOrEqual(5);
      }),
      { numRuns: Number(process.env["FUZZ_RUNS"] ?? 2000), seed: 5 },
    );
  });
});

describe("faultOfJsonText(), faultOfJson()", () => {
  const text = (value: string) => faultOfJsonText(new TextEncoder().encode(value), BOUNDS);

  it("counts before parsing", () => {
    expect(text(`{"keys":[${"{},".repeat(90)}{}]}`)).toBeUndefined();
    expect(text(`{"keys":[${"{},".repeat(200)}{}]}`)).toEqual(TOO_MANY_KEYS);
    expect(text(`{"keys":[${"0,".repeat(2000)}0]}`)).toEqual(TOO_MANY_FIELDS);
    expect(text("[".repeat(2001))).toEqual(TOO_MANY_FIELDS);
  });

  it("counts elements after parsing", () => {
    const of = (keys: number, revisedKeys: number) => ({
      keys: Array.from({ length: keys }, () => [] as unknown),
      revisedKeys: Array.from({ length: revisedKeys }, () => ({})),
    });
    expect(faultOfJson(of(5, 0), BOUNDS)).toBeUndefined();
    expect(faultOfJson(of(3, 3), BOUNDS)).toEqual(TOO_MANY_KEYS);
    expect(faultOfJson({ keys: "no list", others: [1, 2, 3, 4, 5, 6] }, BOUNDS)).toBeUndefined();
    expect(faultOfJson(null, BOUNDS)).toBeUndefined();
  });
});

import { expect, test } from "vitest";
import { TemporaryExposureKeyExport } from "../../proto/gen/export.js";
import { Cursor, FederationFetchResponse, wayfarer } from "../../proto/gen/federation.js";

const { DescribeRequest } = wayfarer.federation.v1;

/**
 * protoc 3.21.12 (Debian bookworm): `protoc --proto_path=proto --encode=FederationFetchResponse federation.proto` of
 * the message below.
 */
const FROM_PROTOC =
  "0a480a10000102030405060708090a0b0c0d0e0f100218f097a30120900128033005380140014a034d41474a034e414d" +
  "a2061468747470733a2f2f6b6579732e6578616d706c65a80603180122160a090880f5f7fc05120174120908ffffffff" +
  "ffffff0f";
const MESSAGE = {
  keys: [{
    exposureKey: "AAECAwQFBgcICQoLDA0ODw==",
    transmissionRisk: 2,
    intervalNumber: 2_673_648,
    intervalCount: 144,
    reportType: "SELF_REPORT",
    daysSinceOnsetOfSymptoms: -3,
    hasSymptomOnset: true,
    traveler: true,
    regions: ["MAG", "NAM"],
    homeServerId: "https://keys.example",
    hops: 3,
  }],
  partialResponse: true,
  nextFetchState: {
    keyCursor: { timestamp: "1604188800", nextToken: "t" },
    revisedKeyCursor: { timestamp: "9007199254740991" },
  },
};

test("a federation message from protoc becomes JSON and comes back the same", () => {
  const message = FederationFetchResponse.decode(Buffer.from(FROM_PROTOC, "hex"));
  const json = FederationFetchResponse.toObject(message, {
    longs: String,
    enums: String,
    bytes: String,
  });
  expect(json).toEqual(MESSAGE);
  const again = FederationFetchResponse.encode(FederationFetchResponse.fromObject(json)).finish();
  expect(Buffer.from(again).toString("hex")).toBe(FROM_PROTOC);
});

test("64-bit integers are numbers, as the types say", () => {
  const cursor = Cursor.decode(Cursor.encode({ timestamp: 1_604_188_800 }).finish());
  expect(cursor.timestamp).toBe(1_604_188_800);
  expect(new Cursor().timestamp).toBe(0);
  expect(Cursor.fromObject({ timestamp: "1604188800" }).timestamp).toBe(1_604_188_800);
  const file = TemporaryExposureKeyExport.encode({ startTimestamp: 1_604_188_800 }).finish();
  const { startTimestamp, endTimestamp } = TemporaryExposureKeyExport.decode(file);
  expect([startTimestamp, endTimestamp]).toEqual([1_604_188_800, 0]);
});

test("a bound that is 0 differs from none", () => {
  const bytes = DescribeRequest.encode({ fromDay: 0, untilDay: 18_567 }).finish();
  expect(Buffer.from(bytes).toString("hex")).toBe("080010879101");
  expect(Object.hasOwn(DescribeRequest.decode(bytes), "fromDay")).toBe(true);
  expect(Object.hasOwn(DescribeRequest.decode(new Uint8Array()), "fromDay")).toBe(false);
});

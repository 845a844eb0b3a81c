import process from "node:process";
import { describe, expect, it } from "vitest";
import { keyText } from "../../../../federation/efgs/signing/signed-bytes.ts";
import { readBatch, writeBatch } from "../../../../federation/efgs/wire/batch.ts";
import { randomOf } from "../../../support/random.ts";
import { efgsKey } from "../keys.ts";

const RUNS = Number(process.env["FUZZ_RUNS"] ?? 3000);
const text = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
const bytes = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const KEYS = [
  efgsKey(),
  efgsKey({ daysSinceOnset: 0, reportType: 0, visitedCountries: [], transmissionRisk: 0 }),
];

describe("a batch", () => {
  it("comes back from both forms as it was", () => {
    for (const format of ["protobuf", "json"] as const) {
      expect(readBatch(writeBatch(KEYS, format), format)).toEqual({ ok: true, value: KEYS });
    }
  });

  it("has the field names of the gateway in JSON, and leaves default values out", () => {
    expect(JSON.parse(text(writeBatch(KEYS, "json")))).toEqual({
      keys: [
        {
          keyData: "AAECAwQFBgcICQoLDA0ODw==",
          rollingStartIntervalNumber: 2_671_200,
          rollingPeriod: 144,
          transmissionRiskLevel: 2_147_483_647,
          visitedCountries: ["DE", "IT"],
          origin: "IE",
          reportType: "CONFIRMED_TEST",
          days_since_onset_of_symptoms: -3,
        },
        {
          keyData: "AAECAwQFBgcICQoLDA0ODw==",
          rollingStartIntervalNumber: 2_671_200,
          rollingPeriod: 144,
          origin: "IE",
        },
      ],
    });
  });

  it("is empty as zero bytes or {}, in both directions", () => {
    expect(writeBatch([], "protobuf")).toHaveLength(0);
    expect(text(writeBatch([], "json"))).toBe("{}");
    expect(readBatch(new Uint8Array(0), "protobuf")).toEqual({ ok: true, value: [] });
    for (const empty of [{}, { keys: [] }, { keys: null }]) {
      expect(readBatch(bytes(empty), "json")).toEqual({ ok: true, value: [] });
    }
  });

  it("takes from JSON what deployed gateways take, and skips unknown fields", () => {
    const key = {
      keyData: "AAECAwQFBgcICQoLDA0ODw",
      reportType: 99,
      daysSinceOnsetOfSymptoms: 5,
      visitedCountries: null,
    };
    expect(readBatch(bytes({ keys: [key], more: 1 }), "json")).toMatchObject({
      ok: true,
      value: [{
        keyData: KEYS[0]?.keyData,
        reportType: 99,
        daysSinceOnset: 0,
        visitedCountries: [],
      }],
    });
  });

  it("keeps numbers that only a protobuf can hold as they are signed", () => {
    const odd = efgsKey({
      rollingStart: 4_294_967_295,
      reportType: -1,
      daysSinceOnset: -2_147_483_648,
    });
    const read = readBatch(writeBatch([odd], "protobuf"), "protobuf");
    expect(read).toEqual({ ok: true, value: [odd] });
    expect(keyText(odd)).toContain(".gAAAAA==.");
  });

  it.each([
    ["not JSON", new TextEncoder().encode("{")],
    ["no object", bytes([1])],
    ["a text as number", bytes({ keys: [{ rollingPeriod: "144" }] })],
    ["a fraction", bytes({ keys: [{ rollingPeriod: 1.5 }] })],
    ["URL-safe base64", bytes({ keys: [{ keyData: "_-8=" }] })],
    ["an unknown name", bytes({ keys: [{ reportType: "MAYBE" }] })],
  ])("refuses JSON that is %s", (_, body) => {
    expect(readBatch(body, "json")).toMatchObject({ ok: false, code: "invalid_argument" });
  });

  it("refuses far more keys than a batch may have before it makes anything of them", () => {
    const many = new Uint8Array(2 * 20_001);
    for (let at = 0; at < many.length; at += 2) many[at] = 10;
    expect(readBatch(many, "protobuf")).toMatchObject({ ok: false, code: "limit_exceeded" });
    const keys = Array.from({ length: 20_001 }, () => ({}));
    expect(readBatch(bytes({ keys }), "json")).toMatchObject({ ok: false, code: "limit_exceeded" });
  });

  it("is read or refused, whatever bytes are changed", () => {
    const random = randomOf(7);
    for (const format of ["protobuf", "json"] as const) {
      const whole = writeBatch(KEYS, format);
      for (let run = 0; run < RUNS; run++) {
        const changed = new Uint8Array(whole);
        for (let count = 0; count <= run % 4; count++) {
          changed[Math.floor(random() * changed.length)] = Math.floor(random() * 256);
        }
        const read = readBatch(changed.subarray(0, Math.ceil(random() * changed.length)), format);
        if (read.ok) expect(() => read.value.map(keyText)).not.toThrow();
        else expect(["invalid_argument", "limit_exceeded"]).toContain(read.code);
      }
    }
  });
});

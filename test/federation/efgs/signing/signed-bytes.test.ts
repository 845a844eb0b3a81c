import { createHash } from "node:crypto";
import { describe, expect, it } from "vitest";
import {
  inSignedOrder,
  keyText,
  payloadHash,
  signedBytes,
} from "../../../../federation/efgs/signing/signed-bytes.ts";
import { efgsKey, keyData } from "../keys.ts";

/** Computed by two other implementations. */
const TEXT = "AAECAwQFBgcICQoLDA0ODw==.ACjCYA==.AAAAkA==.f////w==.REUsSVQ=.SUU=.AAAAAQ==./////Q==.";

describe("keyText()", () => {
  it("writes eight fields in base64, each followed by a dot", () => {
    expect(keyText(efgsKey())).toBe(TEXT);
    expect(keyText(efgsKey({ keyData: keyData(0x3c) }))).toBe(
      TEXT.replace(/^[^.]*/, "PAAAAAAAAAAAAAAAAAAAAA=="),
    );
    const other = {
      transmissionRisk: 3,
      visitedCountries: [],
      reportType: 2,
      daysSinceOnset: 3997,
    };
    expect(keyText(efgsKey({ keyData: keyData(0x48), ...other }))).toBe(
      "SAAAAAAAAAAAAAAAAAAAAA==.ACjCYA==.AAAAkA==.AAAAAw==..SUU=.AAAAAg==.AAAPnQ==.",
    );
  });

  it("writes a character outside ASCII as a question mark", () => {
    const asked = keyText(efgsKey({ visitedCountries: ["?", "?"] }));
    expect(keyText(efgsKey({ visitedCountries: ["é", "😀"] }))).toBe(asked);
  });

  it("has the hash by which gateways know a key", () => {
    expect(payloadHash({ text: TEXT }))
      .toBe("685b86ec41a464a459418d5b5c334dde5cb432f722c8cbc55f4c3fc36d1fa0e8");
  });
});

describe("signedBytes()", () => {
  it("puts keys in the order of the base64 of their whole texts, whatever order they came in", () => {
    const k2 = efgsKey({ keyData: keyData(0x3c) });
    const k3 = efgsKey({
      keyData: keyData(0x48),
      transmissionRisk: 3,
      visitedCountries: [],
      reportType: 2,
      daysSinceOnset: 3997,
    });
    for (const keys of [[k2, k3], [k3, k2]]) {
      const bytes = signedBytes(inSignedOrder(keys));
      expect(bytes).toHaveLength(160);
      expect(createHash("sha256").update(bytes).digest("hex"))
        .toBe("8daabbd74b6762d1d741f38423ff00774ba6430fed4b8ea2a3d850596f3ca674");
    }
  });
});

import { Buffer } from "node:buffer";
import { describe, expect, it } from "vitest";
import { macFault, macText } from "../../src/publish/certificate-mac.ts";
import { CRYPTOS } from "../support/crypto-providers.ts";

const key = (text: string, start: number, risk: number) => ({
  key: text,
  rollingStartNumber: start,
  rollingPeriod: 144,
  transmissionRisk: risk,
});
const withRisks = [key("z2Cx9hdz2SlxZ8GEgqTYpA==", 1, 3), key("dPCphLzfG4uzXneNimkPRQ==", 144, 5)];
const withoutRisks = withRisks.map((one) => ({ ...one, transmissionRisk: 0 }));
const HMAC_KEY = Buffer.from(Array.from({ length: 16 }, (_, index) => index + 1)).toString(
  "base64",
);

// Values of the specification's publish page, which are those of the reference server's own tests.
const WITH_RISKS = "2u1nHt5WWurJytFLF3xitNzM99oNrad2y4YGOL53AeY=";
const ZERO_RISKS = "mFNI9zhTA17n4ndd1Vu5tsn4XQX0gPrIKyjeh/9noUE=";
const NO_RISKS = "J9S7xVebH/66dm14wGsIcAnSUR3PHD4NtDQEOGZbDUo=";
const WRONG = "tekmac is not the HMAC of the keys in this request";

describe("macText()", () => {
  it("sorts keys by their base64 as sent", () => {
    expect(macText(withRisks)).toBe(
      "dPCphLzfG4uzXneNimkPRQ==.144.144.5,z2Cx9hdz2SlxZ8GEgqTYpA==.1.144.3",
    );
  });
});

describe.each(CRYPTOS)("macFault() on $name", ({ crypto }) => {
  const fault = (keys: typeof withRisks, mac: unknown, hmacKey: string | undefined = HMAC_KEY) =>
    macFault(crypto, keys, hmacKey, mac);

  it("accepts the known values", async () => {
    expect(await fault(withRisks, WITH_RISKS)).toBeUndefined();
    expect(await fault(withoutRisks, ZERO_RISKS)).toBeUndefined();
    expect(await fault(withoutRisks, NO_RISKS)).toBeUndefined();
  });

  it("accepts the URL alphabet, unpadded", async () => {
    const url = ZERO_RISKS.replaceAll("/", "_").replaceAll("+", "-").replace(/=+$/, "");
    expect(await fault(withoutRisks, url)).toBeUndefined();
  });

  it("refuses a text without risks when one is not 0", async () => {
    const [first, second] = withoutRisks;
    const mixed = [{ ...first, transmissionRisk: 3 }, second] as typeof withRisks;
    expect(await fault(mixed, NO_RISKS)).toBe(WRONG);
  });

  it("says what is wrong", async () => {
    expect(await fault(withRisks, ZERO_RISKS)).toBe(WRONG);
    expect(await fault(withRisks, WITH_RISKS.slice(0, 40))).toBe(WRONG);
    expect(await fault(withRisks, undefined)).toBe("tekmac is missing or no string");
    expect(await fault(withRisks, 7)).toBe("tekmac is missing or no string");
    expect(await fault(withRisks, "*")).toBe("tekmac is not base64");
    expect(await fault(withRisks, WITH_RISKS, "*")).toBe(
      "hmacKey is not base64 of at least a byte",
    );
    expect(await fault(withRisks, WITH_RISKS, "")).toBe("hmacKey is not base64 of at least a byte");
    expect(await macFault(crypto, withRisks, undefined, WITH_RISKS)).toBe(
      "hmacKey is missing",
    );
  });
});

import { beforeAll, describe, expect, it } from "vitest";
import { deviceAttestation } from "../../src/attest/attest.ts";
import {
  authorityOf,
  DEVICE_TOKEN,
  type Kind,
  makeVendors,
  refused,
  REQUEST,
  type Vendors,
} from "./specimens.ts";

let vendors: Vendors;
beforeAll(async () => {
  vendors = await makeVendors();
});

describe("a payload of any kind", () => {
  it.each<[string, string, string | undefined, Kind, string?]>([
    ["be there", "missing", undefined, "appattest"],
    ["have 24,000 characters at most", "malformed", "A".repeat(24_004), "devicecheck"],
    ["be base64", "malformed", "%%%%", "devicecheck"],
    ["be base64 in each of its parts", "malformed", "e30.%%%%.e30", "safetynet"],
    ["have one, two, three or five parts", "malformed", "e30.e30.e30.e30", "playintegrity"],
    ["have five parts at most", "malformed", "e30.e30.e30.e30.e30.e30", "playintegrity"],
    ["be of a platform that is configured", "not_configured", DEVICE_TOKEN, "playintegrity"],
    ["be of the platform that is named", "not_configured", DEVICE_TOKEN, "devicecheck", "Android"],
    ["be a JWE for Play Integrity", "wrong_kind", "e30.e30.e30", "playintegrity"],
    ["be a JWS for SafetyNet", "wrong_kind", "e30.e30.e30.e30.e30", "safetynet"],
    ["be an attestation object for App Attest", "wrong_kind", DEVICE_TOKEN, "appattest"],
    ["be no attestation object for DeviceCheck", "wrong_kind", "oWNmbXQA", "devicecheck"],
  ])(
    "must %s, before the certificate is looked at: %s",
    (_, reason, payload, kind, platform) => {
      const request = { ...REQUEST, deviceVerificationPayload: payload, platform };
      expect(deviceAttestation(vendors.deps)(request, authorityOf(vendors, kind)))
        .toEqual(refused(reason));
    },
  );
});

import { describe, expect, it } from "vitest";
import { parseResources } from "../../../src/admin/documents.ts";
import {
  attestationMode,
  attestationSchema,
  isAttesting,
  isRemoteAttestation,
} from "../../../src/model/resource/attestation.ts";
import { healthAuthoritySchema } from "../../../src/model/resource/health-authority.ts";

const DIGEST = "A".repeat(43);
const PLAY = {
  kind: "playintegrity",
  decode: "local",
  packageName: "org.example.mag",
  certificateDigests: [DIGEST],
  keys: [{ decryption: "env:MAG_PLAY_KEY", verification: "file:/keys/mag-play.pub" }],
};
const APP_ATTEST = { kind: "appattest", teamId: "ABCDE12345", bundleId: "org.example.mag" };
const DEVICE_CHECK = {
  kind: "devicecheck",
  teamId: "ABCDE12345",
  keyId: "FGHIJ67890",
  signingKey: "file:/keys/AuthKey.p8",
};
const { keys: _keys, ...PLAY_APP } = PLAY;
const GOOGLE = { ...PLAY_APP, decode: "google", serviceAccount: "env:ACCOUNT" };

/** The faults of a health authority with this attestation, as `apply` tells them. */
function faults(attestation: unknown): string {
  const parsed = parseResources([{ kind: "HealthAuthority", name: "mag", attestation }], "file");
  return parsed.ok ? "" : parsed.faults.map(({ path, message }) => `${path} ${message}`).join("\n");
}

describe("attestation", () => {
  it("has the defaults of the specification", () => {
    expect(attestationSchema.parse({ android: PLAY, ios: APP_ATTEST })).toEqual({
      mode: "off",
      maxAge: "10m",
      development: false,
      android: { ...PLAY, device: ["MEETS_DEVICE_INTEGRITY"], licensed: false, minVersionCode: 0 },
      ios: { ...APP_ATTEST, registration: false, categories: [4, 2] },
    });
    expect(attestationSchema.parse({ ios: DEVICE_CHECK }).ios).toEqual({
      ...DEVICE_CHECK,
      onUnavailable: "accept",
    });
  });

  it("is off where it is absent, or none as older versions stored it", () => {
    for (const attestation of [undefined, "none"]) {
      const authority = { kind: "HealthAuthority", name: "mag", attestation };
      expect(healthAuthoritySchema.parse(authority).attestation).toBeUndefined();
    }
  });

  const pem = "-----BEGIN PRIVATE KEY-----\nMIGHAgEA\n-----END PRIVATE KEY-----\n";
  it.each<[string, unknown, string]>([
    [
      "a PEM as signing key",
      { mode: "report", ios: { ...DEVICE_CHECK, signingKey: pem } },
      "attestation.ios.signingKey must be a key manager reference",
    ],
    [
      "a PEM behind a scheme",
      { mode: "report", ios: { ...DEVICE_CHECK, signingKey: `file:${pem}` } },
      "attestation.ios.signingKey must be a key manager reference",
    ],
    [
      "a key as secret",
      { android: { ...PLAY, keys: [{ decryption: "q83vEjRW", verification: "env:X" }] } },
      "attestation.android.keys.0.decryption must be a reference, env:NAME or file:PATH",
    ],
    [
      "JSON as service account",
      { android: { ...GOOGLE, serviceAccount: '{"private_key":"x"}' } },
      "attestation.android.serviceAccount must be a reference, env:NAME or file:PATH",
    ],
    ["an unknown member", { android: { ...PLAY, more: 1 } }, "attestation.android.more is not"],
    ["an unknown member of all", { more: 1 }, "attestation.more is not a member"],
    ["maxAge of 59 s", { maxAge: "59s" }, "attestation.maxAge must be a duration from 1m to 1h"],
    ["maxAge of two hours", { maxAge: "2h" }, "attestation.maxAge must be a duration"],
    ["three pairs of keys", {
      android: { ...PLAY, keys: [...PLAY.keys, ...PLAY.keys, ...PLAY.keys] },
    }, "attestation.android.keys"],
    [
      "a digest in hex",
      { android: { ...PLAY, certificateDigests: ["ab".repeat(32)] } },
      "attestation.android.certificateDigests.0 must be base64url",
    ],
    [
      "no digest",
      { android: { ...PLAY, certificateDigests: [] } },
      "attestation.android.certificateDigests",
    ],
    ["nothing to attest", { mode: "require" }, "attestation.mode attests nothing"],
    ["SafetyNet without anchors", {
      android: { kind: "safetynet", packageName: "x", certificateDigests: [DIGEST] },
    }, "attestation.android.trustAnchors"],
    ["anchors of one's own", {
      ios: {
        ...APP_ATTEST,
        trustAnchors: ["-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----"],
      },
    }, "attestation.ios.trustAnchors needs development: true"],
    [
      "a development category",
      { ios: { ...APP_ATTEST, categories: [3] } },
      "attestation.ios.categories 3 (development) needs development: true",
    ],
    [
      "a vendor on loopback",
      { ios: { ...DEVICE_CHECK, url: "http://127.0.0.1:9001" } },
      "attestation.ios.url needs development: true",
    ],
    ["a vendor elsewhere", {
      development: true,
      ios: { ...DEVICE_CHECK, url: "http://10.0.0.1:9001" },
    }, "attestation.ios.url must be http:// with a loopback address"],
  ])("refuses %s, naming the member and the cure, and repeating no secret", (_, value, message) => {
    const text = faults(value);
    expect(text).toContain(message);
    expect(text).not.toMatch(/MIGHAgEA|q83vEjRW|private_key/);
  });

  it("has modes by platform, and knows whether it asks a vendor", () => {
    const both = attestationSchema.parse({
      mode: "report",
      android: { ...GOOGLE, mode: "off" },
      ios: { ...DEVICE_CHECK, mode: "require" },
    });
    expect(attestationMode(both, "android")).toBe("off");
    expect(attestationMode(both, "ios")).toBe("require");
    expect(attestationMode(both, undefined)).toBe("report");
    expect(isRemoteAttestation(both)).toBe(true);
    const local = attestationSchema.parse({ mode: "off", android: PLAY, ios: DEVICE_CHECK });
    expect(isRemoteAttestation(local)).toBe(false);
    expect(isAttesting(local)).toBe(false);
    expect(isAttesting(attestationSchema.parse({ ios: { ...APP_ATTEST, mode: "report" } })))
      .toBe(true);
  });
});

import { Buffer } from "node:buffer";
import { describe, expect, it } from "vitest";
import { checkAttestation } from "../../src/attest/app-attest/one-time.ts";
import { APPLE_ROOT_PEM } from "../../src/attest/app-attest/apple-root.ts";
import { chainCheck } from "../../src/attest/chain.ts";
import { contentHash, isNonceOf } from "../../src/attest/content-hash.ts";
import { payloadOf } from "../../src/attest/form.ts";
import { checkSafetyNet } from "../../src/attest/safety-net.ts";
import { encodeBase64, encodeHex } from "../../src/bytes/base64.ts";
import { attestationObject } from "../../src/device/attest/apple.ts";
import { sha256 } from "../../src/keys/crypto.ts";
import { derToPem, pemToDer } from "../../src/keys/pem.ts";
import { attestedText } from "../../src/model/attestation-content.ts";
import {
  APPLE_SAMPLE_APP,
  APPLE_SAMPLE_AUTH_DATA,
  APPLE_SAMPLE_CLIENT_DATA,
  APPLE_SAMPLE_INTERMEDIATE,
  APPLE_SAMPLE_KEY_ID,
  APPLE_SAMPLE_LEAF,
} from "../vectors/apple-app-attest.ts";
import {
  SAFETY_NET_CONTENT,
  SAFETY_NET_DIGEST,
  SAFETY_NET_HASH,
  SAFETY_NET_MADE_AT,
  SAFETY_NET_TOKEN,
} from "../vectors/safety-net.ts";
import { NATIVE } from "../support/crypto-providers.ts";

const bytes = (base64: string) => new Uint8Array(Buffer.from(base64, "base64"));
const isChained = chainCheck(NATIVE);

describe("the content hash", () => {
  const key = (key: string, start: number, period = 144, risk = 0) => ({
    key,
    rollingStartNumber: start,
    rollingPeriod: period,
    transmissionRisk: risk,
  });
  const TWO = [
    key("z2Cx9hdz2SlxZ8GEgqTYpA==", 1, 144, 3),
    key("dPCphLzfG4uzXneNimkPRQ==", 144, 144, 5),
  ];

  it.each([
    [
      "the reference's own test",
      {
        healthAuthorityID: "com.google.android.apps.exposurenotification",
        temporaryExposureKeys: [
          key("x21Goi8X9m/glOZ0+wz8fA", 263123, 144, 6),
          key("2mvFSmRsFmJR5r07dxGSjg", 263267, 144, 7),
          key("6bAd3dv7p+VEuaJVkVItaQ", 263411, 27, 7),
        ],
        regions: ["US", "GB"],
        verificationPayload: "QRTH-ROWO-LOLO-FOOB",
      },
      "0kbOC1LIwDc+DQnLOFcIbnxqfKNg58b7WA3vREdd7ZQ=",
    ],
    [
      "v1",
      {
        healthAuthorityID: "mag",
        temporaryExposureKeys: TWO,
        verificationPayload: "header.payload.signature",
      },
      "B4ZHluOslWIuIZAxt5C9Nm7lPpPflxuRIOFvG7MZm9g=",
    ],
    [
      "v1 without risks",
      {
        healthAuthorityID: "mag",
        temporaryExposureKeys: TWO.map((one) => ({ ...one, transmissionRisk: 0 })),
        verificationPayload: "header.payload.signature",
      },
      "QHqN8vytLpzb3ljPdB2A21RHd6NT9L6P5mGqLKW6PSU=",
    ],
    [
      "v1alpha1",
      {
        healthAuthorityID: "mag",
        temporaryExposureKeys: TWO,
        regions: ["us", "MAG"],
        verificationPayload: "header.payload.signature",
      },
      "SnClehr1ZeECPHVuHQT9BUU51nzddv3n7XOseBorTHw=",
    ],
    ["a real SafetyNet token", SAFETY_NET_CONTENT, SAFETY_NET_HASH],
  ])("has the known value of %s", async (_, content, hash) => {
    expect(encodeBase64(await contentHash(NATIVE, content))).toBe(hash);
  });

  it("is over a text whose keys are in the order of their bytes, not of UTF-16", () => {
    const text = attestedText({
      healthAuthorityID: "mag",
      temporaryExposureKeys: [key("\u{1f600}", 1), key("\uffff", 2), key("a", 3), key("", 4)],
    });
    expect(text).toBe("mag|.4.144.0,a.3.144.0,\uffff.2.144.0,\u{1f600}.1.144.0||");
  });

  it("is found in a nonce of either alphabet, padded or not, once or twice in base64", async () => {
    const hash = await contentHash(NATIVE, SAFETY_NET_CONTENT);
    const standard = Buffer.from(hash).toString("base64");
    const url = Buffer.from(hash).toString("base64url");
    const twice = Buffer.from(standard).toString("base64url");
    for (const nonce of [standard, url, `${url}=`, standard.replace("=", ""), twice]) {
      expect(isNonceOf(nonce, hash), nonce).toBe(true);
    }
    const other = Buffer.from(hash.map((byte) => byte ^ 1)).toString("base64");
    for (const nonce of [other, "", undefined, 5, `${standard} `, standard.slice(4)]) {
      expect(isNonceOf(nonce, hash), String(nonce)).toBe(false);
    }
  });
});

describe("Apple's sample of 2026", () => {
  const object = attestationObject(
    [bytes(APPLE_SAMPLE_LEAF), bytes(APPLE_SAMPLE_INTERMEDIATE)],
    bytes(APPLE_SAMPLE_AUTH_DATA),
  );
  const check = (categories: readonly number[], at = "2026-04-21T12:00:00Z") =>
    checkAttestation(object, { crypto: NATIVE, isChained }, {
      app: { kind: "appattest", ...APPLE_SAMPLE_APP, registration: false, categories },
      development: false,
      clientDataHash: new TextEncoder().encode(APPLE_SAMPLE_CLIENT_DATA),
      nowMs: Date.parse(at),
    });

  it("verifies against Apple's root, extensions with a clear flag and all", async () => {
    const found = await check([1]);
    if (found.found !== "genuine") throw new Error(found.reason);
    expect(encodeBase64(found.keyId)).toBe(APPLE_SAMPLE_KEY_ID);
  });

  it("is not from the App Store, nor good for longer than its leaf", async () => {
    expect(await check([4, 2])).toEqual({ found: "failed", reason: "environment" });
    for (const at of ["2026-04-20T18:13:11Z", "2026-04-23T18:13:13Z"]) {
      expect(await check([1], at)).toEqual({ found: "failed", reason: "chain" });
    }
  });

  it("hangs from the pinned root", async () => {
    const der = pemToDer(APPLE_ROOT_PEM, "CERTIFICATE") ?? new Uint8Array();
    expect(encodeHex(await sha256(NATIVE, der))).toBe(
      "1cb9823ba28ba6ad2d33a006941de2ae4f513ef1d4e831b9f7e0fa7b6242c932",
    );
  });
});

describe("a real SafetyNet token", () => {
  const token = payloadOf(SAFETY_NET_TOKEN);
  if (token?.form !== "jws") throw new Error("no JWS");
  const header = JSON.parse(new TextDecoder().decode(token.parts[0])) as { x5c: string[] };
  const anchor = derToPem(bytes(header.x5c[1] ?? ""), "CERTIFICATE");
  const check = async (
    device: readonly ("basicIntegrity" | "ctsProfileMatch")[],
    changes: { trustAnchors?: string[]; hostname?: string; certificateDigests?: string[] } = {},
  ) =>
    await checkSafetyNet(NATIVE, token, isChained, {
      app: {
        kind: "safetynet",
        packageName: SAFETY_NET_CONTENT.healthAuthorityID,
        certificateDigests: [SAFETY_NET_DIGEST],
        trustAnchors: [anchor],
        hostname: "attest.android.com",
        device,
        ...changes,
      },
      contentHash: await contentHash(NATIVE, SAFETY_NET_CONTENT),
      nowMs: SAFETY_NET_MADE_AT,
      maxAgeMs: 60_000,
    });

  it("verifies, with its second certificate as anchor", async () => {
    const found = await check(["basicIntegrity", "ctsProfileMatch"]);
    expect(found.found).toBe("genuine");
  });

  it("needs the anchor, the host name and the digest", async () => {
    const failed = (reason: string) => ({ found: "failed", reason });
    expect(await check([], { trustAnchors: [APPLE_ROOT_PEM] })).toEqual(failed("chain"));
    expect(await check([], { hostname: "attest.example" })).toEqual(failed("chain"));
    const digest = Buffer.alloc(32).toString("base64url");
    expect(await check([], { certificateDigests: [digest] })).toEqual(failed("app"));
  });
});

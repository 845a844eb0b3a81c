import { Buffer } from "node:buffer";
import { beforeAll, describe, expect, it } from "vitest";
import { makeCertificate } from "../../src/device/attest/certificates.ts";
import { makeGoogle } from "../../src/device/attest/google.ts";
import { derToPem } from "../../src/keys/pem.ts";
import { SubjectAlternativeNameExtension } from "../../src/keys/x509-generator.ts";
import { NATIVE } from "../support/crypto-providers.ts";
import { jwe, type JweWish, jws, type JwsWish } from "./jose.ts";
import {
  authorityOf,
  DAY_MS,
  DEVICE_TOKEN,
  judged,
  type Kind,
  makeVendors,
  nonceOf,
  NOW_MS,
  playClaims,
  refused,
  safetyNetClaims,
  safetyNetToken,
  type Vendors,
} from "./specimens.ts";

type Claims = Record<string, unknown>;
/** One check: an input that only it refuses, and the reason. Without the check the row fails. */
type Row = [
  check: string,
  reason: string,
  input: () => Promise<string>,
  configured?: Readonly<Record<string, unknown>>,
];

let vendors: Vendors;
beforeAll(async () => {
  vendors = await makeVendors();
});
const judgedAs = async (
  kind: Kind,
  payload: string | undefined,
  configured?: Readonly<Record<string, unknown>>,
) => await judged(vendors.deps, authorityOf(vendors, kind, configured), payload);
const OTHER_DIGEST = Buffer.alloc(32, 6).toString("base64url");

describe("a token of Play Integrity", () => {
  const sealed = async (wish: JweWish & { readonly jws?: JwsWish } = {}) =>
    await jwe(
      vendors.google,
      await jws(vendors.google, JSON.stringify(playClaims(vendors)), wish.jws),
      wish,
    );
  const claiming = async (change: (claims: Claims) => unknown) =>
    await jwe(
      vendors.google,
      await jws(vendors.google, JSON.stringify(change(playClaims(vendors)))),
    );
  /** Members of one part that are otherwise; undefined takes one away. */
  const saying = (part: string, members: Claims) => () =>
    claiming((claims) => ({ ...claims, [part]: { ...claims[part] as object, ...members } }));

  it("is accepted when nothing is wrong", async () => {
    expect(await judgedAs("playintegrity", await sealed())).toMatchObject({ ok: true });
  });

  it.each<Row>([
    ["a key by A256KW", "decrypt", () => sealed({ header: { alg: "A128KW", enc: "A256GCM" } })],
    ["content by A256GCM", "decrypt", () => sealed({ header: { alg: "A256KW", enc: "A128GCM" } })],
    [
      "no compression",
      "decrypt",
      () => sealed({ header: { alg: "A256KW", enc: "A256GCM", zip: "DEF" } }),
    ],
    [
      "no critical extension",
      "decrypt",
      () => sealed({ header: { alg: "A256KW", enc: "A256GCM", crit: ["exp"], exp: 1 } }),
    ],
    ["a key of 256 bits inside", "decrypt", () => sealed({ keyBytes: 16 })],
    ["a nonce of 12 bytes", "decrypt", () => sealed({ nonceBytes: 16 })],
    ["a tag of 16 bytes", "decrypt", () => sealed({ tagBytes: 17 })],
    ["a key of ours outside", "decrypt", async () => {
      const { decryption } = await makeGoogle(NATIVE);
      return await jwe({ decryption }, await jws(vendors.google, "{}"));
    }],
    [
      "a JWS inside",
      "signature",
      async () =>
        await jwe(
          vendors.google,
          `${await jws(vendors.google, JSON.stringify(playClaims(vendors)))}\n`,
        ),
    ],
    ["a signature by ES256", "signature", () => sealed({ jws: { header: { alg: "ES384" } } })],
    [
      "no critical extension inside",
      "signature",
      () => sealed({ jws: { header: { alg: "ES256", crit: ["exp"], exp: 1 } } }),
    ],
    ["Google's signature", "signature", async () => {
      const { signing } = await makeGoogle(NATIVE);
      return await sealed({ jws: { signing } });
    }],
    [
      "a payload of 16 KiB",
      "malformed",
      () => claiming((claims) => ({ ...claims, more: "x".repeat(16_384) })),
    ],
    [
      "a payload of the known shape",
      "malformed",
      () => claiming((claims) => ({ ...claims, testingDetails: "none" })),
    ],
    ["this package", "app", saying("requestDetails", { requestPackageName: "org.other" })],
    [
      "nonce or hash, not both",
      "content",
      () => saying("requestDetails", { requestHash: nonceOf(vendors.hash) })(),
    ],
    ["nonce or hash", "content", saying("requestDetails", { nonce: undefined })],
    [
      "a nonce, not a hash",
      "content",
      () => saying("requestDetails", { nonce: undefined, requestHash: nonceOf(vendors.hash) })(),
    ],
    [
      "the nonce of this publish",
      "content",
      saying("requestDetails", {
        nonce: nonceOf(new Uint8Array(32)),
      }),
    ],
    ["a time in digits", "malformed", saying("requestDetails", { timestampMillis: "1e99" })],
    [
      "a time that is not long ago",
      "stale",
      saying("requestDetails", {
        timestampMillis: NOW_MS - 600_001,
      }),
    ],
    [
      "a time that is not far ahead",
      "future",
      saying("requestDetails", {
        timestampMillis: NOW_MS + 60_001,
      }),
    ],
    [
      "a recognized app",
      "app",
      saying("appIntegrity", {
        appRecognitionVerdict: "UNRECOGNIZED_VERSION",
      }),
    ],
    ["an app of this package", "app", saying("appIntegrity", { packageName: "org.other" })],
    [
      "an app by our certificate",
      "app",
      saying("appIntegrity", {
        certificateSha256Digest: [OTHER_DIGEST],
      }),
    ],
    ["a version that is new enough", "app", () => sealed(), { minVersionCode: 2 }],
    ["every label", "device", () => sealed(), {
      device: ["MEETS_DEVICE_INTEGRITY", "MEETS_STRONG_INTEGRITY"],
    }],
    [
      "a licence where one is asked for",
      "unlicensed",
      saying("accountDetails", {
        appLicensingVerdict: "UNLICENSED",
      }),
      { licensed: true },
    ],
  ])("must have %s: %s", async (_, reason, input, configured) => {
    expect(await judgedAs("playintegrity", await input(), configured)).toEqual(refused(reason));
  });

  it("must be no testing response, unless both sides are for development", async () => {
    const payload = await saying("testingDetails", { isTestingResponse: true })();
    expect(await judgedAs("playintegrity", payload)).toMatchObject({ ok: true });
    const deps = { ...vendors.deps, allowDevelopment: false };
    expect(await judged(deps, authorityOf(vendors, "playintegrity"), payload))
      .toEqual(refused("testing"));
  });
});

describe("a token of SafetyNet", () => {
  const token = (wish: Parameters<typeof safetyNetToken>[2] = {}) =>
    safetyNetToken(vendors, safetyNetClaims(vendors), wish);
  const claiming = (change: Claims) => () =>
    safetyNetToken(vendors, { ...safetyNetClaims(vendors), ...change });
  const leafWith = async (
    dns: string,
    change: Partial<Parameters<typeof makeCertificate>[1]> = {},
  ) => {
    const { rootName, rootKey, leafKey } = vendors.safetyNet;
    return await makeCertificate(NATIVE, {
      subject: "CN=signer",
      publicKey: leafKey.publicKey,
      isAuthority: false,
      issuer: { name: rootName, key: rootKey, hash: "SHA-256" },
      notBefore: NOW_MS - DAY_MS,
      notAfter: NOW_MS + DAY_MS,
      extensions: [new SubjectAlternativeNameExtension([{ type: "dns", value: dns }])],
      ...change,
    });
  };
  /** Our signature under a header that says otherwise. */
  const withHeader = async (change: Claims) => {
    const [head = "", body = ""] = (await token()).split(".");
    const header = { ...JSON.parse(Buffer.from(head, "base64url").toString()), ...change };
    const signed = `${Buffer.from(JSON.stringify(header)).toString("base64url")}.${body}`;
    const { privateKey } = vendors.safetyNet.leafKey;
    const made = await NATIVE.subtle.sign("RSASSA-PKCS1-v1_5", privateKey, Buffer.from(signed));
    return `${signed}.${Buffer.from(made).toString("base64url")}`;
  };

  it("is accepted when nothing is wrong", async () => {
    expect(await judgedAs("safetynet", await token())).toMatchObject({ ok: true });
  });

  it.each<Row>([
    ["a signature by RS256", "signature", () => withHeader({ alg: "RS384" })],
    ["no critical extension", "signature", () => withHeader({ crit: ["exp"], exp: 1 })],
    ["a chain", "chain", () => withHeader({ x5c: "none" })],
    ["four certificates at most", "chain", () => {
      const { leaf, root } = vendors.safetyNet;
      return token({ x5c: [leaf, root, root, root, root] });
    }],
    ["a chain in base64", "chain", () => token({ x5c: [vendors.safetyNet.leaf, "%"] })],
    ["a chain to an anchor", "chain", () => token(), {
      trustAnchors: [derToPem(new Uint8Array(1), "CERTIFICATE")],
    }],
    [
      "a signer of the host's name",
      "chain",
      async () => token({ x5c: [await leafWith("attest.example")] }),
    ],
    ["a signature by the leaf", "signature", () => token({ key: vendors.safetyNet.rootKey })],
    ["a payload of 16 KiB", "malformed", claiming({ more: "x".repeat(16_384) })],
    ["a payload of the known shape", "malformed", claiming({ basicIntegrity: "true" })],
    ["the nonce of this publish", "content", claiming({ nonce: "AAAA" })],
    ["a time in digits", "malformed", claiming({ timestampMs: undefined })],
    ["a time that is not long ago", "stale", claiming({ timestampMs: NOW_MS - 600_001 })],
    ["this package", "app", claiming({ apkPackageName: "org.other" })],
    ["our certificate", "app", claiming({ apkCertificateDigestSha256: [OTHER_DIGEST] })],
    ["basic integrity", "device", claiming({ basicIntegrity: false })],
    ["a CTS profile", "device", claiming({ ctsProfileMatch: false })],
  ])("must have %s: %s", async (_, reason, input, configured) => {
    expect(await judgedAs("safetynet", await input(), configured)).toEqual(refused(reason));
  });
});

describe("a token of DeviceCheck", () => {
  it("is accepted when nothing is wrong", async () => {
    expect(await judgedAs("devicecheck", DEVICE_TOKEN)).toMatchObject({ ok: true });
  });

  it("must be known to Apple", async () => {
    expect(await judgedAs("devicecheck", "AAAA")).toEqual(refused("vendor_refused"));
  });

  it("must not have been used before, which Apple is not asked about", async () => {
    const asked: string[] = [];
    const deps = {
      ...vendors.deps,
      used: { has: () => Promise.resolve(true) },
      checkDeviceToken: (_app: unknown, _development: boolean, token: string) => {
        asked.push(token);
        return Promise.resolve({ asked: "unavailable" } as const);
      },
    };
    expect(await judged(deps, authorityOf(vendors, "devicecheck"), DEVICE_TOKEN))
      .toEqual(refused("replayed"));
    expect(asked).toEqual([]);
  });
});

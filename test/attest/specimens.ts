import { Buffer } from "node:buffer";
import { CompactSign } from "jose";
import {
  type AcceptedAttestation,
  type AttestDependencies,
  type AttestedAuthority,
  type AttestedRequest,
  deviceAttestation,
} from "../../src/attest/attest.ts";
import { chainCheck } from "../../src/attest/chain.ts";
import { contentHash } from "../../src/attest/content-hash.ts";
import { attestationDataKeys } from "../../src/attest/data-keys.ts";
import { playKeyring } from "../../src/attest/play-integrity/local-token.ts";
import { registeredKeyRow } from "../../src/attest/registration/registered-key.ts";
import { makeCertificate } from "../../src/device/attest/certificates.ts";
import type { AppleAuthority } from "../../src/device/attest/apple.ts";
import { makeGoogle, playPayload, type ThrowAwayGoogle } from "../../src/device/attest/google.ts";
import type { Outcome } from "../../src/errors.ts";
import { sha256 } from "../../src/keys/crypto.ts";
import { derToPem } from "../../src/keys/pem.ts";
import type { ResourceByKind } from "../../src/model/resource/kinds.ts";
import { SubjectAlternativeNameExtension } from "../../src/keys/x509-generator.ts";
import { currentRuntime } from "../../src/runtime/current.ts";
import { NOON, resource } from "../publish/world.ts";
import { NATIVE } from "../support/crypto-providers.ts";
import { newPhoneKey } from "./phone.ts";
import { APP, base64 } from "./world.ts";

export const NOW_MS: number = NOON * 1000;
export const DAY_MS = 86_400_000;
/** SHA-256 of the throw-away app's certificate. */
export const DIGEST: string = Buffer.alloc(32, 5).toString("base64url");
export const PACKAGE = "org.example.mag";

const P256 = { name: "ECDSA", namedCurve: "P-256" } as const;
const RSA = {
  name: "RSASSA-PKCS1-v1_5",
  hash: "SHA-256",
  modulusLength: 2048,
  publicExponent: Uint8Array.of(1, 0, 1),
} as const;

/** What an app would publish. */
export const REQUEST: AttestedRequest = {
  healthAuthorityID: "mag",
  temporaryExposureKeys: [
    {
      key: "z2Cx9hdz2SlxZ8GEgqTYpA==",
      rollingStartNumber: 1,
      rollingPeriod: 144,
      transmissionRisk: 3,
    },
  ],
  verificationPayload: "header.payload.signature",
  platform: undefined,
  deviceVerificationPayload: undefined,
};

/** A throw-away vendor of each kind, and a health authority that trusts it. */
export type Vendors = {
  readonly hash: Uint8Array<ArrayBuffer>;
  readonly apple: AppleAuthority;
  readonly google: ThrowAwayGoogle;
  readonly safetyNet: {
    readonly root: Uint8Array;
    readonly rootName: string;
    readonly rootKey: CryptoKey;
    readonly leafKey: CryptoKeyPair;
    readonly leaf: Uint8Array;
  };
  /** A registered key, and its ID in base64. */
  readonly phone: { readonly key: CryptoKeyPair; readonly keyId: string };
  readonly deps: AttestDependencies;
};

/** Makes them. Nothing is stored: no attestation was used before, and every counter rises. */
export async function makeVendors(): Promise<Vendors> {
  const { crypto } = currentRuntime();
  const google = await makeGoogle(NATIVE);
  const key = await newPhoneKey();
  const keyId = await sha256(
    NATIVE,
    new Uint8Array(await NATIVE.subtle.exportKey("raw", key.publicKey)),
  );
  const publicKey = new Uint8Array(await NATIVE.subtle.exportKey("spki", key.publicKey));
  const dataKeys = attestationDataKeys(crypto, new Uint8Array(32).fill(9));
  const shared = { crypto, dataKeys: () => dataKeys };
  const row = await registeredKeyRow(shared, "mag", { keyId, publicKey }, NOW_MS);
  const secrets: Readonly<Record<string, string>> = {
    "env:KEY": google.decryption,
    "env:PUB": google.verification,
  };
  const deps: AttestDependencies = {
    ...shared,
    isChained: chainCheck(crypto),
    used: { has: () => Promise.resolve(false) },
    keys: {
      find: (id) => Promise.resolve(Buffer.compare(id, row.id) === 0 ? row.publicKey : undefined),
      raiseCounter: (_id, counter) => Promise.resolve(counter > 0),
    },
    openPlayKeys: playKeyring(
      crypto,
      (reference) => Promise.resolve(secrets[reference]),
      () => 0,
    ),
    decodeByGoogle: () => Promise.resolve({ asked: "unavailable" }),
    checkDeviceToken: (_app, _development, token) =>
      Promise.resolve({
        asked: "answered",
        value: isDeviceToken(token) ? "genuine" : "refused",
      }),
    nowMs: () => NOW_MS,
    allowDevelopment: true,
    counted: () => {},
  };
  return {
    hash: await contentHash(crypto, REQUEST),
    apple: await makeAppleOfOne(),
    google,
    safetyNet: await makeSafetyNet(),
    phone: { key, keyId: base64(keyId) },
    deps,
  };
}

/** The one token that Apple's server knows. */
export const DEVICE_TOKEN: string = Buffer.alloc(1600, 0x42).toString("base64");

function isDeviceToken(token: string): boolean {
  return Buffer.from(token, "base64").equals(Buffer.from(DEVICE_TOKEN, "base64"));
}

/** An authority that is its own root, on the curve that is quick to verify. */
async function makeAppleOfOne(): Promise<AppleAuthority> {
  const pair = await NATIVE.subtle.generateKey(P256, true, ["sign", "verify"]);
  const issuing = {
    name: "CN=Throw-away App Attestation CA",
    key: pair.privateKey,
    hash: "SHA-256",
  };
  const der = await makeCertificate(NATIVE, {
    subject: issuing.name,
    publicKey: pair.publicKey,
    isAuthority: true,
    issuer: issuing,
    notBefore: NOW_MS - DAY_MS,
    notAfter: NOW_MS + DAY_MS,
  });
  return { der, issuing };
}

async function makeSafetyNet(): Promise<Vendors["safetyNet"]> {
  const root = await NATIVE.subtle.generateKey(RSA, true, ["sign", "verify"]);
  const leafKey = await NATIVE.subtle.generateKey(RSA, true, ["sign", "verify"]);
  const rootName = "CN=private root";
  const issuer = { name: rootName, key: root.privateKey, hash: "SHA-256" };
  const valid = { notBefore: NOW_MS - DAY_MS, notAfter: NOW_MS + DAY_MS };
  const made = await makeCertificate(NATIVE, {
    subject: rootName,
    publicKey: root.publicKey,
    isAuthority: true,
    issuer,
    ...valid,
  });
  const leaf = await makeCertificate(NATIVE, {
    subject: "CN=signer",
    publicKey: leafKey.publicKey,
    isAuthority: false,
    issuer,
    ...valid,
    extensions: [
      new SubjectAlternativeNameExtension([{ type: "dns", value: "attest.android.com" }]),
    ],
  });
  return { root: made, rootName, rootKey: root.privateKey, leafKey, leaf };
}

/** The kinds that can be configured. */
export const KINDS = ["appattest", "devicecheck", "playintegrity", "safetynet"] as const;
export type Kind = (typeof KINDS)[number];

/** The health authority `mag` with one kind of attestation. */
export function authorityOf(
  { apple, safetyNet }: Vendors,
  kind: Kind,
  change: Readonly<Record<string, unknown>> = {},
  members: Readonly<Record<string, unknown>> = {},
): ResourceByKind["HealthAuthority"] {
  const android = { packageName: PACKAGE, certificateDigests: [DIGEST] };
  const platforms = {
    appattest: {
      ios: {
        kind,
        ...APP,
        registration: true,
        trustAnchors: [derToPem(apple.der, "CERTIFICATE")],
        ...change,
      },
    },
    devicecheck: {
      ios: {
        kind,
        teamId: APP.teamId,
        keyId: "FGHIJ67890",
        signingKey: "file:/keys/AuthKey.p8",
        ...change,
      },
    },
    playintegrity: {
      android: {
        kind,
        decode: "local",
        ...android,
        ...(change["decode"] === "google"
          ? {}
          : { keys: [{ decryption: "env:KEY", verification: "env:PUB" }] }),
        ...change,
      },
    },
    safetynet: {
      android: {
        kind,
        ...android,
        trustAnchors: [derToPem(safetyNet.root, "CERTIFICATE")],
        ...change,
      },
    },
  };
  const attestation = { mode: "require", development: true, ...platforms[kind], ...members };
  return resource("HealthAuthority", {
    name: "mag",
    regions: ["MAG"],
    acceptIssuers: ["mag-verification"],
    attestation,
  });
}

/** What comes of a payload at a health authority. */
export async function judged(
  deps: AttestDependencies,
  authority: AttestedAuthority,
  payload: string | undefined,
): Promise<Outcome<AcceptedAttestation | undefined>> {
  const request = { ...REQUEST, deviceVerificationPayload: payload };
  const first = deviceAttestation(deps)(request, authority);
  if (!first.ok) return first;
  return await first.value?.(NOW_MS / 1000 + 300) ?? { ok: true, value: undefined };
}

/** The refusal of a check. */
export const refused = (reason: string): Outcome<never> => ({
  ok: false,
  code: "device_attestation_invalid",
  message: `device attestation: ${reason}`,
});

/** The nonce of Play Integrity. */
export const nonceOf = (hash: Uint8Array): string => Buffer.from(hash).toString("base64url");

/** The payload of a genuine Play Integrity token. */
export function playClaims({ hash }: Vendors): Record<string, unknown> {
  return playPayload({ packageName: PACKAGE, certificateDigest: DIGEST }, nonceOf(hash), NOW_MS);
}

/** The payload of a genuine SafetyNet token. */
export function safetyNetClaims({ hash }: Vendors): Record<string, unknown> {
  return {
    nonce: base64(hash),
    timestampMs: NOW_MS,
    apkPackageName: PACKAGE,
    apkCertificateDigestSha256: [DIGEST],
    basicIntegrity: true,
    ctsProfileMatch: true,
  };
}

/** A SafetyNet token. */
export async function safetyNetToken(
  { safetyNet: { leaf, leafKey } }: Vendors,
  claims: unknown,
  {
    header = {},
    x5c = [leaf],
    key = leafKey.privateKey,
  }: {
    readonly header?: Readonly<Record<string, unknown>>;
    readonly x5c?: readonly (Uint8Array | string)[];
    readonly key?: CryptoKey;
  } = {},
): Promise<string> {
  const chain = x5c.map((one) => typeof one === "string" ? one : base64(one));
  return await new CompactSign(new TextEncoder().encode(JSON.stringify(claims)))
    .setProtectedHeader({ alg: "RS256", x5c: chain, ...header })
    .sign(key);
}

import * as z from "zod";
import { durationMember } from "./members.ts";

/** `off`: nothing is looked at; `report`: everything is checked and counted; `require`: failures are refused too. */
export type AttestationMode = "off" | "report" | "require";

/** The two kinds of phone. */
export type AttestedPlatform = "android" | "ios";

/** What to do with a publish while the vendor cannot be asked. */
export type OnUnavailable = "accept" | "refuse";

/** `env:NAME` (NAME_FILE works too) or `file:PATH`: where a secret is, never the secret itself. */
export type SecretReference = string;

type OfPlatform = {
  /** In place of the mode of the whole. */
  readonly mode?: AttestationMode | undefined;
};

/** What both Android kinds compare. */
type AndroidApp = OfPlatform & {
  readonly packageName: string;
  /** SHA-256 of the certificates that sign the app, base64url. */
  readonly certificateDigests: readonly string[];
};

/** One pair of response keys from the Play Console. */
export type PlayKeys = {
  /** Base64 of an AES-256 key. */
  readonly decryption: SecretReference;
  /** Base64 of a P-256 SubjectPublicKeyInfo. */
  readonly verification: SecretReference;
};

/** Play Integrity, whoever decodes the token. */
export type PlayIntegrity = AndroidApp & {
  readonly kind: "playintegrity";
  /** Labels of `deviceRecognitionVerdict` that must all be there. */
  readonly device: readonly string[];
  /** Whether the account must have got the app from the store. */
  readonly licensed: boolean;
  readonly minVersionCode: number;
};

/** Play Integrity tokens that we decode ourselves. */
export type LocalPlayIntegrity = PlayIntegrity & {
  readonly decode: "local";
  /** One pair, or two while they are rotated. */
  readonly keys: readonly PlayKeys[];
};

/** Play Integrity tokens that Google's server decodes. */
export type GooglePlayIntegrity = PlayIntegrity & {
  readonly decode: "google";
  /** The JSON key of a service account. */
  readonly serviceAccount: SecretReference;
  readonly onUnavailable: OnUnavailable;
  /** Development: where Google's server is in place of its own address. */
  readonly url?: string | undefined;
};

/** SafetyNet tokens of a private installation. */
export type SafetyNet = AndroidApp & {
  readonly kind: "safetynet";
  /** PEM certificates that the chain must end at. */
  readonly trustAnchors: readonly string[];
  /** The name in the leaf certificate. */
  readonly hostname: string;
  /** Claims that must be true. */
  readonly device: readonly ("basicIntegrity" | "ctsProfileMatch")[];
};

/** App Attest: one-time attestations, and with `registration` assertions of registered keys too. */
export type AppAttest = OfPlatform & {
  readonly kind: "appattest";
  readonly teamId: string;
  readonly bundleId: string;
  readonly registration: boolean;
  /** Accepted values of `apple_validation_category_01`. */
  readonly categories: readonly number[];
  /** Development: PEM certificates in place of Apple's root. */
  readonly trustAnchors?: readonly string[] | undefined;
};

/** DeviceCheck tokens, which Apple's server checks. */
export type DeviceCheck = OfPlatform & {
  readonly kind: "devicecheck";
  readonly teamId: string;
  readonly keyId: string;
  /** A key manager reference. */
  readonly signingKey: string;
  readonly onUnavailable: OnUnavailable;
  /** Development: where Apple's server is in place of its own address. */
  readonly url?: string | undefined;
};

/** How long a publish may wait for a vendor's word. */
export const VENDOR_BUDGET_MS = 3000;

/** What is configured for Android, and for iOS. */
export type AndroidAttestation = LocalPlayIntegrity | GooglePlayIntegrity | SafetyNet;
export type IosAttestation = AppAttest | DeviceCheck;

/** How publishes of a health authority are attested. */
export type Attestation = {
  readonly mode: AttestationMode;
  /** Of a token that tells its time, such as `10m`. */
  readonly maxAge: string;
  /** Throw-away vendors and development builds; only with ATTESTATION_DEVELOPMENT. */
  readonly development: boolean;
  readonly android?: AndroidAttestation | undefined;
  readonly ios?: IosAttestation | undefined;
};

/** The mode that holds for a platform; for one that nobody knows, that of the whole. */
export function attestationMode(
  attestation: Attestation,
  platform: AttestedPlatform | undefined,
): AttestationMode {
  return (platform === undefined ? undefined : attestation[platform]?.mode) ?? attestation.mode;
}

/** The platforms whose mode is not off. */
function attestedPlatforms(attestation: Attestation): readonly AttestedPlatform[] {
  return (["android", "ios"] as const).filter((platform) =>
    attestation[platform] !== undefined && attestationMode(attestation, platform) !== "off"
  );
}

/** Whether any publish is looked at. */
export function isAttesting(attestation: Attestation): boolean {
  return attestation.mode !== "off" || attestedPlatforms(attestation).length > 0;
}

/** Whether a check asks the vendor's server. */
function asksVendor(platform: AndroidAttestation | IosAttestation): boolean {
  return platform.kind === "devicecheck" ||
    (platform.kind === "playintegrity" && platform.decode === "google");
}

/** Whether any publish makes a call to a vendor. */
export function isRemoteAttestation(attestation: Attestation | undefined): boolean {
  return attestation !== undefined &&
    attestedPlatforms(attestation).some((platform) => {
      const configured = attestation[platform];
      return configured !== undefined && asksVendor(configured);
    });
}

const mode = z.enum(["off", "report", "require"]);
const onUnavailable = z.enum(["accept", "refuse"]).default("accept");

const secret = z.string().regex(
  /^(?:env:[A-Za-z_][A-Za-z0-9_]{0,199}|file:[^\s][^\r\n]{0,999})$/,
  "must be a reference, env:NAME or file:PATH: the secret itself does not belong in a resource",
);
const keyReference = z.string().regex(
  /^[a-z][a-z0-9+.-]{0,30}:[^\s-][^\r\n]{0,999}$/,
  "must be a key manager reference such as file:/keys/AuthKey.p8: the key itself does not belong in a resource",
);
const certificate = z.string().max(8000).regex(
  /^-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*$/,
  "must be a PEM text that begins with -----BEGIN CERTIFICATE-----",
);
const anchors = z.array(certificate).min(1).max(5);
const loopback = z.string().regex(
  /^http:\/\/(?:127\.0\.0\.1|\[::1\]|localhost):\d{1,5}$/,
  "must be http:// with a loopback address and a port, such as http://127.0.0.1:9001",
);
const teamId = z.string().regex(/^[A-Z0-9]{10}$/, "must be the 10 letters and digits of the team");
const androidApp = {
  mode: mode.optional(),
  packageName: z.string().regex(/^[A-Za-z][A-Za-z0-9_.]{0,254}$/, "must be a package name"),
  certificateDigests: z.array(
    z.string().regex(/^[A-Za-z0-9_-]{43}=?$/, "must be base64url of a SHA-256"),
  ).min(1).max(20),
};
const playIntegrity = {
  ...androidApp,
  kind: z.literal("playintegrity"),
  device: z.array(
    z.string().regex(/^[A-Z_]{1,60}$/, "must be a label such as MEETS_DEVICE_INTEGRITY"),
  )
    .max(10).default(["MEETS_DEVICE_INTEGRITY"]),
  licensed: z.boolean().default(false),
  minVersionCode: z.number().int().min(0).max(2_147_483_647).default(0),
};

const android = z.discriminatedUnion("kind", [
  z.discriminatedUnion("decode", [
    z.strictObject({
      ...playIntegrity,
      decode: z.literal("local"),
      keys: z.array(z.strictObject({ decryption: secret, verification: secret })).min(1).max(2),
    }),
    z.strictObject({
      ...playIntegrity,
      decode: z.literal("google"),
      serviceAccount: secret,
      onUnavailable,
      url: loopback.optional(),
    }),
  ]),
  z.strictObject({
    ...androidApp,
    kind: z.literal("safetynet"),
    trustAnchors: anchors,
    hostname: z.string().regex(/^[a-z0-9.-]{1,253}$/, "must be a host name")
      .default("attest.android.com"),
    device: z.array(z.enum(["basicIntegrity", "ctsProfileMatch"])).max(2)
      .default(["basicIntegrity", "ctsProfileMatch"]),
  }),
]);

const ios = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("appattest"),
    mode: mode.optional(),
    teamId,
    bundleId: z.string().regex(/^[A-Za-z0-9.-]{1,155}$/, "must be a bundle ID"),
    registration: z.boolean().default(false),
    categories: z.array(z.number().int().min(0).max(255)).max(20).default([4, 2]),
    trustAnchors: anchors.optional(),
  }),
  z.strictObject({
    kind: z.literal("devicecheck"),
    mode: mode.optional(),
    teamId,
    keyId: z.string().regex(/^[A-Z0-9]{10}$/, "must be the 10 letters and digits of the key"),
    signingKey: keyReference,
    onUnavailable,
    url: loopback.optional(),
  }),
]);

/** What a development build's category is called by Apple. */
const DEVELOPMENT_CATEGORY = 3;

const schema = z.strictObject({
  mode: mode.default("off"),
  maxAge: durationMember("1m", "1h").default("10m"),
  development: z.boolean().default(false),
  android: android.optional(),
  ios: ios.optional(),
}).superRefine((attestation, context) => {
  const fault = (path: string[], message: string) =>
    context.addIssue({ code: "custom", path, message });
  if (
    attestation.mode !== "off" && attestation.android === undefined &&
    attestation.ios === undefined
  ) {
    fault(["mode"], "attests nothing: configure android or ios, or set it to off");
  }
  if (attestation.development) return;
  const needs = "needs development: true, which a server accepts with ATTESTATION_DEVELOPMENT";
  if (attestation.ios?.kind === "appattest") {
    if (attestation.ios.trustAnchors !== undefined) fault(["ios", "trustAnchors"], needs);
    if (attestation.ios.categories.includes(DEVELOPMENT_CATEGORY)) {
      fault(["ios", "categories"], `${DEVELOPMENT_CATEGORY} (development) ${needs}`);
    }
  }
  for (const platform of ["android", "ios"] as const) {
    const configured = attestation[platform];
    if (configured !== undefined && "url" in configured && configured.url !== undefined) {
      fault([platform, "url"], needs);
    }
  }
});

/** What the member must look like. */
export const attestationSchema: z.ZodType<Attestation> = schema;

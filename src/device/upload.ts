import { encodeBase64 } from "../bytes/base64.ts";
import type { Seconds } from "../model/ids.ts";
import type { ReportType } from "../model/report-type.ts";
import { tekmac, type UploadKey } from "./hmac.ts";
import { issueCertificate, type Issuer } from "./issuer.ts";
import type { Tek } from "../model/exposure.ts";
import type { RandomBytes } from "./tek.ts";

/** The app's data about its user. */
export type UploadDetails = {
  readonly healthAuthorityId: string;
  readonly reportType: ReportType;
  /** `iss`, `aud` and `kid` of the certificate. */
  readonly certificate: {
    readonly issuer: string;
    readonly audience: string;
    readonly keyVersion: string;
  };
  /** 0 to 8, for every key; 0 lets the server choose. */
  readonly transmissionRisk: number;
  readonly symptomOnsetInterval?: number | undefined;
  readonly traveler: boolean;
  /** From an earlier response. */
  readonly revisionToken?: string | undefined;
};

/** The dependencies of issuing certificates. */
export type UploadTools = {
  readonly crypto: Crypto;
  readonly issuer: Issuer;
  readonly random: RandomBytes;
  readonly now: Seconds;
};

/** Body of POST /v1/publish. */
export type PublishBody = {
  readonly temporaryExposureKeys: readonly UploadKey[];
  readonly healthAuthorityID: string;
  readonly verificationPayload: string;
  readonly hmacKey: string;
  readonly symptomOnsetInterval?: number | undefined;
  readonly traveler: boolean;
  readonly revisionToken?: string | undefined;
  readonly padding: string;
  readonly platform?: string | undefined;
  /** A device attestation. */
  readonly deviceVerificationPayload?: string | undefined;
};

const HMAC_KEY_BYTES = 16;
const CERTIFICATE_LIFETIME_SECONDS = 300;
/** Apps pad their requests, so that the length does not reveal the number of keys. */
const MIN_PADDING_BYTES = 1024;
const PADDING_RANGE_BYTES = 1024;

/** Builds the complete request body of an app, certified by `issuer`. */
export async function makeUpload(
  teks: readonly Tek[],
  details: UploadDetails,
  { crypto, issuer, random, now }: UploadTools,
): Promise<PublishBody> {
  const { transmissionRisk, symptomOnsetInterval } = details;
  const keys: readonly UploadKey[] = teks.map((tek) => ({
    key: encodeBase64(tek.key),
    rollingStartNumber: tek.intervalNumber,
    rollingPeriod: tek.intervalCount,
    transmissionRisk,
  }));
  const hmacKey = random(HMAC_KEY_BYTES);
  const certificate = await issueCertificate(issuer, {
    ...details.certificate,
    reportType: details.reportType,
    tekmac: await tekmac(crypto, hmacKey, keys),
    symptomOnsetInterval,
    issuedAt: now,
    lifetimeSeconds: CERTIFICATE_LIFETIME_SECONDS,
  });
  return {
    temporaryExposureKeys: keys,
    healthAuthorityID: details.healthAuthorityId,
    verificationPayload: certificate,
    hmacKey: encodeBase64(hmacKey),
    symptomOnsetInterval,
    traveler: details.traveler,
    revisionToken: details.revisionToken,
    padding: makePadding(random),
  };
}

/** Base64 of 1,024 to 2,047 random bytes. */
function makePadding(random: RandomBytes): string {
  const [high = 0, low = 0] = random(2);
  return encodeBase64(random(MIN_PADDING_BYTES + ((high << 8) | low) % PADDING_RANGE_BYTES));
}

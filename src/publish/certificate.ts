import { Buffer } from "node:buffer";
import { verifyEcdsa } from "../keys/crypto.ts";
import { checkTimes, hasAudience, type Jwt, type JwtLimits, readJwt } from "../keys/jwt.ts";
import type { Seconds } from "../model/ids.ts";
import { isReportType, type ReportType } from "../model/report-type.ts";
import type { HealthAuthority } from "../model/resource/health-authority.ts";
import { macFault } from "./certificate-mac.ts";
import type { IssuerDirectory, KnownIssuer } from "./issuer-directory.ts";
import type { PublishRequest } from "./request-parser.ts";

/** What tokens of issuers may be: certificates, and requests for statistics. */
export const ISSUER_JWT: JwtLimits = { maxCharacters: 16_384, algorithms: ["ES256"] };

/** What a valid certificate says. */
export type Certificate = {
  /** Name of the Issuer resource. */
  readonly issuer: string;
  readonly reportType: ReportType;
  readonly symptomOnsetInterval: number | undefined;
  /** `exp`, UTC seconds. */
  readonly expiresAt: number;
};

/** The checks in the order in which they are made. */
export type CertificateCheck =
  | "format"
  | "issuer"
  | "audience"
  | "key"
  | "signature"
  | "time"
  | "acceptance"
  | "report-type"
  | "mac";

/** A valid certificate, or the first check that failed and a public text about it. */
export type CertificateOutcome =
  | { readonly ok: true; readonly value: Certificate }
  | {
    readonly ok: false;
    readonly check: CertificateCheck;
    readonly message: string;
    /** The Issuer resources whose key set may have the key by now; see {@link issuersToReread}. */
    readonly reread?: readonly string[];
  };

/** What a certificate is checked against. */
export type CertificateContext = {
  readonly crypto: Crypto;
  readonly directory: IssuerDirectory;
  readonly healthAuthority: HealthAuthority;
  readonly now: Seconds;
  /** CERTIFICATE_CLOCK_SKEW, seconds. */
  readonly skewSeconds: number;
  /** CERTIFICATE_MAX_LIFETIME, seconds. */
  readonly maxLifetimeSeconds: number;
};

/** Checks the verification certificate of a request. Its messages hold nothing of the certificate or the keys. */
export async function checkCertificate(
  request: PublishRequest,
  context: CertificateContext,
): Promise<CertificateOutcome> {
  const { directory, now, skewSeconds, healthAuthority, crypto } = context;
  const text = request.verificationPayload;
  if (text === undefined || text === "") return fail("format", "verificationPayload is missing");
  const jwt = readJwt(text, ISSUER_JWT);
  if (jwt === "malformed") return fail("format", "verificationPayload is not a JWT");
  if (jwt === "algorithm") return fail("format", "its algorithm is not ES256");
  const { iss, aud, exp, reportType, tekmac, symptomOnsetInterval } = jwt.claims;

  const issuers = typeof iss === "string" ? directory.get(iss) : undefined;
  if (issuers === undefined) return fail("issuer", "its issuer is not known here");
  const addressed = issuers.filter(({ issuer }) => hasAudience(aud, issuer.audience));
  if (addressed.length === 0) return fail("audience", "its audience is not the issuer's");

  const signer = await findSigner(addressed, jwt, now, (key) => isSignedBy(crypto, key, jwt));
  if (signer === "no-key") {
    return {
      ...fail("key", "no active key of the issuer has the version in kid"),
      reread: issuersToReread(addressed, jwt),
    };
  }
  if (signer === "no-signature") return fail("signature", "its signature is wrong");

  const times = checkTimes(jwt.claims, now, skewSeconds);
  if (!times.ok) return fail("time", times.text);
  if (lifetimeOf(jwt.claims) > context.maxLifetimeSeconds) {
    return fail("time", "it is valid for longer than CERTIFICATE_MAX_LIFETIME allows");
  }
  const accepted = signer.find(({ issuer }) => healthAuthority.acceptIssuers.includes(issuer.name));
  if (accepted === undefined) {
    return fail("acceptance", "the health authority does not accept its issuer");
  }
  if (typeof reportType !== "string" || !isReportType(reportType)) {
    return fail("report-type", "its report type is not known");
  }
  const wrongMac = await macFault(
    crypto,
    request.temporaryExposureKeys,
    request.hmacKey,
    tekmac,
  );
  if (wrongMac !== undefined) return fail("mac", wrongMac);
  const onset = typeof symptomOnsetInterval === "number" && Number.isInteger(symptomOnsetInterval)
    ? symptomOnsetInterval
    : undefined;
  return {
    ok: true,
    value: {
      issuer: accepted.issuer.name,
      reportType,
      symptomOnsetInterval: onset,
      expiresAt: Number(exp),
    },
  };
}

/**
 * Whether the holder of this key signed the certificate (ES256: RFC 7518, 3.4). Not by jose's verification as other
 * tokens: that always goes through the runtime's own WebCrypto and its threads, and a whole check would take 41 % more
 * CPU on Node (187 µs in place of 133 µs, `bench/certificate.ts`). Every publish pays for this one.
 */
async function isSignedBy(crypto: Crypto, key: CryptoKey, { text }: Jwt): Promise<boolean> {
  const dot = text.lastIndexOf(".");
  const signature = Buffer.from(text.slice(dot + 1), "base64url");
  return await verifyEcdsa(crypto, key, signature, Buffer.from(text.slice(0, dot), "latin1"));
}

/** Those issuers whose active key of this version made the signature; mostly there is one. */
export async function findSigner(
  candidates: readonly KnownIssuer[],
  { keyId }: Jwt,
  now: Seconds,
  isSignedBy: (key: CryptoKey) => Promise<boolean>,
): Promise<readonly KnownIssuer[] | "no-key" | "no-signature"> {
  if (keyId === undefined) return "no-key";
  const signers: KnownIssuer[] = [];
  let active = false;
  for (const candidate of candidates) {
    const known = candidate.keys.get(keyId);
    if (known === undefined || now < known.from || now >= known.thru) continue;
    const key = await known.imported();
    if (key === undefined) continue;
    active = true;
    if (await isSignedBy(key)) signers.push(candidate);
  }
  if (signers.length > 0) return signers;
  return active ? "no-signature" : "no-key";
}

/** Names of those issuers that publish their keys at a URL and have none of this `kid` yet. */
export function issuersToReread(
  candidates: readonly KnownIssuer[],
  { keyId }: Jwt,
): readonly string[] {
  if (keyId === undefined) return [];
  return candidates
    .filter(({ issuer, keys }) => issuer.jwksUri !== undefined && !keys.has(keyId))
    .map(({ issuer }) => issuer.name);
}

/** Seconds from `iat` to `exp`, which have been found to be numbers. */
const lifetimeOf = ({ iat, exp }: Jwt["claims"]): number => Number(exp) - Number(iat);

function fail(
  check: CertificateCheck,
  message: string,
): Extract<CertificateOutcome, { ok: false }> {
  return { ok: false, check, message };
}

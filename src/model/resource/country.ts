import * as z from "zod";
import { momentMember } from "./members.ts";

/** What a certificate is for: to open connections, or to sign batches. */
export type CountryCertificateType = "AUTHENTICATION" | "SIGNING";

/** A certificate of a national back end. */
export type CountryCertificate = {
  readonly type: CountryCertificateType;
  /** PEM, kept byte by byte: operator signatures are over this text. */
  readonly pem: string;
  /** SHA-256 of the DER in hex; checked when it is given. */
  readonly thumbprint?: string | undefined;
  /** Base64 of the trust anchor's signature over `pem`. */
  readonly operatorSignature?: string | undefined;
  readonly revokedAt?: string | undefined;
};

/** A country whose national back end may use our gateway. */
export type Country = {
  readonly kind: "Country";
  /** ISO 3166-1 alpha-2, as its certificates say. */
  readonly name: string;
  /** PEM certificate or public key of who signs certificates for the operator; then every one must be signed. */
  readonly trustAnchor?: string | undefined;
  readonly certificates: readonly CountryCertificate[];
};

/** A country code, upper case. */
export const countryMember: z.ZodType<string, string> = z.string()
  .regex(/^[A-Z]{2}$/, {
    message: "must be two capital letters, such as IE (ISO 3166-1 alpha-2)",
    abort: true,
  });

/** A certificate in PEM, kept byte by byte. */
export const certificateMember: z.ZodType<string, string> = z.string().max(20_000).regex(
  /^-----BEGIN CERTIFICATE-----[A-Za-z0-9+/=\s]+-----END CERTIFICATE-----\s*$/,
  "must be a PEM text that begins with -----BEGIN CERTIFICATE-----",
);

/** A PEM certificate or public key that vouches for certificates. */
export const trustAnchorMember: z.ZodType<string, string> = z.string().max(20_000).regex(
  /^-----BEGIN (CERTIFICATE|PUBLIC KEY)-----[A-Za-z0-9+/=\s]+-----END \1-----\s*$/,
  "must be a PEM certificate or public key",
);

const schema = z.strictObject({
  kind: z.literal("Country"),
  name: countryMember,
  trustAnchor: trustAnchorMember.optional(),
  certificates: z.array(z.strictObject({
    type: z.enum(["AUTHENTICATION", "SIGNING"]),
    pem: certificateMember,
    thumbprint: z.string().regex(/^[0-9a-f]{64}$/, "must be 64 lower-case hex digits").optional(),
    operatorSignature: z.base64().max(2000).optional(),
    revokedAt: momentMember.optional(),
  })).max(50).default([]),
});

/** What a file or request must look like to be one. */
export const countrySchema: z.ZodType<Country> = schema;

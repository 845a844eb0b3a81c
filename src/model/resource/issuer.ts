import * as z from "zod";
import { momentMember, nameMember, publicKeyMember, urlMember } from "./members.ts";

/** A public key that an issuer signs certificates with. */
export type IssuerKey = {
  /** `kid` of the certificates that it signs. */
  readonly version: string;
  readonly publicKeyPem: string;
  readonly from?: string | undefined;
  readonly thru?: string | undefined;
};

/** A verification server whose certificates are trusted. */
export type Issuer = {
  readonly kind: "Issuer";
  readonly name: string;
  /** `iss` of its certificates. */
  readonly issuer: string;
  /** `aud` of its certificates. */
  readonly audience: string;
  /** Where its public keys are published. */
  readonly jwksUri?: string | undefined;
  readonly keys: readonly IssuerKey[];
  /** Whether it may ask for statistics. */
  readonly enableStatsApi: boolean;
};

const schema = z.strictObject({
  kind: z.literal("Issuer"),
  name: nameMember,
  issuer: z.string().min(1).max(500),
  audience: z.string().min(1).max(500),
  jwksUri: urlMember.optional(),
  keys: z.array(z.strictObject({
    version: z.string().min(1).max(200),
    publicKeyPem: publicKeyMember,
    from: momentMember.optional(),
    thru: momentMember.optional(),
  })).max(50).default([]),
  enableStatsApi: z.boolean().default(false),
}).refine(
  (issuer) => new Set(issuer.keys.map((key) => key.version)).size === issuer.keys.length,
  { path: ["keys"], message: "two keys have the same version" },
);

/** What a file or request must look like to be one. */
export const issuerSchema: z.ZodType<Issuer> = schema;

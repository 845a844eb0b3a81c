import * as z from "zod";
import type { HealthAuthorityId, Region } from "../ids.ts";
import { type Attestation, attestationSchema } from "./attestation.ts";
import { healthAuthorityName, nameMember, regionsMember } from "./members.ts";

/** Whom an app publishes for: its regions, and whose certificates count. */
export type HealthAuthority = {
  readonly kind: "HealthAuthority";
  /** The health authority ID that apps send. */
  readonly name: HealthAuthorityId;
  readonly regions: readonly Region[];
  /** Names of Issuer resources. */
  readonly acceptIssuers: readonly string[];
  /** Development: accept publishes without a valid certificate. */
  readonly bypassVerification: boolean;
  /** Development: revise without a revision token. */
  readonly bypassRevisionToken: boolean;
  /** Development: answer `?dryRun=1`. */
  readonly allowDryRun: boolean;
  /** How the app and the phone are attested; absent: not at all. */
  readonly attestation?: Attestation | undefined;
};

const schema = z.strictObject({
  kind: z.literal("HealthAuthority"),
  name: healthAuthorityName,
  regions: regionsMember.default([]),
  acceptIssuers: z.array(nameMember).max(50).default([]),
  bypassVerification: z.boolean().default(false),
  bypassRevisionToken: z.boolean().default(false),
  allowDryRun: z.boolean().default(false),
  // Versions that knew no attestation stored "none".
  attestation: z.preprocess(
    (value) => value === "none" ? undefined : value,
    attestationSchema.optional(),
  ),
});

/** What a file or request must look like to be one. */
export const healthAuthoritySchema: z.ZodType<HealthAuthority> = schema;

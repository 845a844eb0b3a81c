import { z } from "zod";
import { momentMember, nameMember } from "./members.ts";

/** A key that signs export files. */
export type SigningKey = {
  readonly kind: "SigningKey";
  readonly name: string;
  /** Key manager reference: `local:NAME`, `file:PATH`. */
  readonly key: string;
  /** Verification key ID in the files: the MCC. */
  readonly keyId: string;
  /** Verification key version in the files: `v1`. */
  readonly version: string;
  /** From then on it no longer signs. */
  readonly thru?: string | undefined;
};

const schema = z.strictObject({
  kind: z.literal("SigningKey"),
  name: nameMember,
  key: z.string().regex(
    /^[a-z][a-z0-9-]{0,20}:\S{1,500}$/,
    "must be a key manager reference such as local:NAME or file:PATH",
  ),
  keyId: z.string().min(1).max(100),
  version: z.string().min(1).max(100),
  thru: momentMember.optional(),
});

/** What a file or request must look like to be one. */
export const signingKeySchema: z.ZodType<SigningKey> = schema;

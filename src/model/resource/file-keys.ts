import * as z from "zod";
import { momentMember, publicKeyMember } from "./members.ts";

/** A public key that may have signed another server's files. */
export type FileKeyMember = {
  /** Verification key ID in the files: the MCC, as a rule. */
  readonly keyId: string;
  /** Verification key version in the files: `v1`. */
  readonly version: string;
  readonly publicKeyPem: string;
  readonly from?: string | undefined;
  readonly thru?: string | undefined;
};

/** Such keys, at most 50. */
export const fileKeysMember: z.ZodArray<z.ZodType<FileKeyMember>> = z.array(z.strictObject({
  keyId: z.string().min(1).max(100),
  version: z.string().min(1).max(100),
  publicKeyPem: publicKeyMember,
  from: momentMember.optional(),
  thru: momentMember.optional(),
})).max(50);

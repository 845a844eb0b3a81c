import * as z from "zod";
import { keyIdFault, keyVersionFault } from "../verification-key.ts";
import { momentMember, nameMember } from "./members.ts";
import type { BrokenRule } from "./rule.ts";

/** A key that signs export files. */
export type SigningKey = {
  readonly kind: "SigningKey";
  readonly name: string;
  /** Key manager reference: `local:NAME`, `aws-kms:ARN` and so on, or a name as KEY_MANAGER spells it. */
  readonly key: string;
  /** Verification key ID in the files: the MCC, or a bundle ID. */
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
    /^[A-Za-z0-9]\S{1,500}$/,
    "must be a key manager reference such as local:NAME or file:PATH",
  ),
  keyId: z.string().min(1).max(100),
  version: z.string().min(1).max(100),
  thru: momentMember.optional(),
});

/** What a file or request must look like to be one. */
export const signingKeySchema: z.ZodType<SigningKey> = schema;

/** Rules that bind what is made or changed: phones must be able to take the key's name apart. */
export function signingKeyRules({ keyId, version }: SigningKey): readonly BrokenRule[] {
  const [idFault, versionFault] = [keyIdFault(keyId), keyVersionFault(version)];
  return [
    ...(idFault === undefined ? [] : [{ member: "keyId", message: idFault }]),
    ...(versionFault === undefined ? [] : [{ member: "version", message: versionFault }]),
  ];
}

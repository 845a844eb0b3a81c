import { z } from "zod";
import type { Region } from "../ids.ts";
import { momentMember, nameMember, publicKeyMember, regionMember, urlMember } from "./members.ts";

/** A key that may have signed the files. */
export type ImportPublicKey = {
  /** Verification key ID in the files: the MCC, as a rule. */
  readonly keyId: string;
  /** Verification key version in the files: `v1`. */
  readonly version: string;
  readonly publicKeyPem: string;
  readonly from?: string | undefined;
  readonly thru?: string | undefined;
};

/** Another server's export files, read into ours. */
export type ExportImport = {
  readonly kind: "ExportImport";
  readonly name: string;
  /** Where the list of files is. */
  readonly indexUrl: string;
  /** What the lines of the index are relative to. */
  readonly exportRoot: string;
  /** Region that the keys get. */
  readonly region: Region;
  /** Whether the keys are those of travelers. */
  readonly traveler: boolean;
  readonly from?: string | undefined;
  readonly thru?: string | undefined;
  /** A file counts when any of them signed it. */
  readonly publicKeys: readonly ImportPublicKey[];
};

const schema = z.strictObject({
  kind: z.literal("ExportImport"),
  name: nameMember,
  indexUrl: urlMember,
  exportRoot: urlMember,
  region: regionMember,
  traveler: z.boolean().default(false),
  from: momentMember.optional(),
  thru: momentMember.optional(),
  publicKeys: z.array(z.strictObject({
    keyId: z.string().min(1).max(100),
    version: z.string().min(1).max(100),
    publicKeyPem: publicKeyMember,
    from: momentMember.optional(),
    thru: momentMember.optional(),
  })).min(1).max(50),
}).refine(
  ({ from, thru }) =>
    from === undefined || thru === undefined || Date.parse(from) < Date.parse(thru),
  { path: ["thru"], message: "must be later than from" },
);

/** What a file or request must look like to be one. */
export const exportImportSchema: z.ZodType<ExportImport> = schema;

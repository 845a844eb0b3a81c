import * as z from "zod";
import type { Region } from "../ids.ts";
import { type FileKeyMember, fileKeysMember } from "./file-keys.ts";
import { momentMember, nameMember, regionMember, urlMember } from "./members.ts";

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
  readonly publicKeys: readonly FileKeyMember[];
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
  publicKeys: fileKeysMember.min(1),
}).refine(
  ({ from, thru }) =>
    from === undefined || thru === undefined || Date.parse(from) < Date.parse(thru),
  { path: ["thru"], message: "must be later than from" },
);

/** What a file or request must look like to be one. */
export const exportImportSchema: z.ZodType<ExportImport> = schema;

import * as z from "zod";
import { type FileKeyMember, fileKeysMember } from "./file-keys.ts";
import { nameMember, urlMember } from "./members.ts";

const SEGMENTS = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/;

/** Another server's export files, copied unchanged. */
export type Mirror = {
  readonly kind: "Mirror";
  readonly name: string;
  /** Where the list of files is. */
  readonly indexUrl: string;
  /** What the lines of the index are relative to. */
  readonly exportRoot: string;
  readonly bucket: string;
  /** First part of the copies' names; unique together with the bucket. */
  readonly filenameRoot: string;
  /**
   * Name of each copy below the root, in place of its own: `[timestamp]` becomes Unix seconds, later for each file
   * than for the one before; `[uuid]` a random UUID.
   */
  readonly filenameRewrite?: string | undefined;
  /** A file is copied only when any of them signed it; empty: signatures are not checked. */
  readonly publicKeys: readonly FileKeyMember[];
};

const schema = z.strictObject({
  kind: z.literal("Mirror"),
  name: nameMember,
  indexUrl: urlMember,
  exportRoot: urlMember,
  bucket: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, "must be a bucket's name"),
  filenameRoot: z.string().max(200).regex(
    SEGMENTS,
    "must be path segments of letters, digits, dots, dashes or underscores, joined by /",
  ),
  filenameRewrite: z.string().max(200).refine(
    (text) =>
      /\[(timestamp|uuid)\]/.test(text) &&
      SEGMENTS.test(text.replaceAll("[timestamp]", "0").replaceAll("[uuid]", "0")),
    "must contain [timestamp] or [uuid], and otherwise be segments of a file's name",
  ).optional(),
  publicKeys: fileKeysMember.default([]),
});

/** What a file or request must look like to be one. */
export const mirrorSchema: z.ZodType<Mirror> = schema;

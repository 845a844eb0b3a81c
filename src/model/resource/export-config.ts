import * as z from "zod";
import { parseDuration } from "../duration.ts";
import type { Region } from "../ids.ts";
import {
  durationMember,
  momentMember,
  nameMember,
  regionMember,
  regionsMember,
} from "./members.ts";
import type { BrokenRule } from "./rule.ts";

const DAY_MS = 86_400_000;
const SEGMENTS = /^[A-Za-z0-9_-][A-Za-z0-9._-]*(\/[A-Za-z0-9_-][A-Za-z0-9._-]*)*$/;

/** Which keys go into which files, how often, signed by whom. */
export type ExportConfig = {
  readonly kind: "ExportConfig";
  readonly name: string;
  readonly bucket: string;
  /** First part of the files' names; unique together with the bucket. */
  readonly filenameRoot: string;
  /** Duration that divides 24h, 1s to 24h. */
  readonly period: string;
  /** Region that the files name. */
  readonly outputRegion: Region;
  /** Regions whose keys are in; empty: the output region. */
  readonly inputRegions: readonly Region[];
  /** A key with any of these is out. */
  readonly excludeRegions: readonly Region[];
  /** Every traveler's key is in, whatever its region. */
  readonly includeTravelers: boolean;
  /** Travelers' keys are out. */
  readonly onlyNonTravelers: boolean;
  readonly from?: string | undefined;
  readonly thru?: string | undefined;
  /** Names of SigningKey resources, 1 to 10. */
  readonly signingKeys: readonly string[];
  /** Keys in one file at most, in place of EXPORT_FILE_MAX_RECORDS. */
  readonly maxRecords?: number | undefined;
  /** A daily roll-up beside the period's files. */
  readonly rollup?: "24h" | undefined;
};

const schema = z.strictObject({
  kind: z.literal("ExportConfig"),
  name: nameMember,
  bucket: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/, "must be a bucket's name"),
  filenameRoot: z.string().max(200).regex(
    SEGMENTS,
    "must be path segments of letters, digits, dots, dashes or underscores, joined by /",
  ),
  period: durationMember("1s", "24h"),
  outputRegion: regionMember,
  inputRegions: regionsMember.default([]),
  excludeRegions: regionsMember.default([]),
  includeTravelers: z.boolean().default(false),
  onlyNonTravelers: z.boolean().default(false),
  from: momentMember.optional(),
  thru: momentMember.optional(),
  signingKeys: z.array(nameMember).min(1).max(10),
  maxRecords: z.number().int().min(1).max(2_000_000).optional(),
  rollup: z.literal("24h").optional(),
}).superRefine((config, context) => {
  const fault = (path: string, message: string): void => {
    context.addIssue({ code: "custom", path: [path], message });
  };
  const period = parseDuration(config.period);
  if (period !== undefined && (period % 1000 !== 0 || DAY_MS % period !== 0)) {
    fault("period", "must be whole seconds that divide 24h");
  }
  if (config.includeTravelers && config.onlyNonTravelers) {
    fault("onlyNonTravelers", "contradicts includeTravelers: set one of them");
  }
  if (
    config.from !== undefined && config.thru !== undefined &&
    Date.parse(config.thru) <= Date.parse(config.from)
  ) {
    fault("thru", "must be later than from");
  }
  if (new Set(config.signingKeys).size !== config.signingKeys.length) {
    fault("signingKeys", "names a key twice");
  }
});

/** What a file or request must look like to be one. */
export const exportConfigSchema: z.ZodType<ExportConfig> = schema;

/** Rules that bind what is made or changed. */
export function exportConfigRules(config: ExportConfig): readonly BrokenRule[] {
  const { inputRegions, outputRegion, excludeRegions } = config;
  const taken = inputRegions.length > 0 ? inputRegions : [outputRegion];
  const both = excludeRegions.filter((region) => taken.includes(region));
  if (both.length === 0) return [];
  return [{
    member: "excludeRegions",
    message: `excludes ${both.join(", ")}, whose keys the export is to take: it would stay empty`,
    with: ["inputRegions", "outputRegion"],
  }];
}

/** Where the roll-up of the exports below a root is. */
export function dailyRoot(filenameRoot: string): string {
  return `${filenameRoot}-daily`;
}

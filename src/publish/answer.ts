import { Buffer } from "node:buffer";
import type { DryRunReport } from "./dry-run-report.ts";
import type { Filler } from "./filler.ts";

/** Randomness that an answer needs. */
export type Randomness = {
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly fill: Filler;
};

/** How much padding answers get. */
export type PaddingSettings = {
  readonly paddingMinBytes: number;
  readonly paddingRangeBytes: number;
};

/**
 * Every answer of the publish APIs is filled up to a multiple of this before its padding is added, so that a success, a
 * refusal and chaff have sizes of one distribution. An ordinary revision token fits with a reason for each of 30 keys.
 */
const FILLED_BYTES = 4096;
/** Base64 comes in groups of four characters, so an answer is filled to within three of its size; spaces do the rest. */
const BASE64_GROUP = 4;

/** `paddingMinBytes` plus 0 to `paddingRangeBytes` random bytes, rounded up to whole groups of base64. */
function drawnGroups(settings: PaddingSettings, random: () => number): number {
  const bytes = settings.paddingMinBytes + Math.floor(random() * (settings.paddingRangeBytes + 1));
  return Math.ceil(bytes / 3);
}

/** Base64 of `paddingMinBytes` plus 0 to `paddingRangeBytes` random bytes. */
export function padding(settings: PaddingSettings, { random, fill }: Randomness): string {
  return fill(drawnGroups(settings, random));
}

/** The members of an answer beside the padding; empty ones are left out. */
export type AnswerBody = {
  readonly revisionToken?: string | undefined;
  readonly insertedExposures?: number | undefined;
  readonly error?: string | undefined;
  readonly code?: string | undefined;
  readonly warnings?: readonly string[] | undefined;
  /** Only in the answer to a dry run. */
  readonly dryRun?: DryRunReport | undefined;
  /** Members of an answer that is no publish's. */
  readonly more?: Readonly<Record<string, string>> | undefined;
};

/** Where the padding goes. Quotes inside of texts are escaped in JSON, so that this stands nowhere else. */
const NO_PADDING = `"padding":""`;

/**
 * The text of an answer, without members that are empty. Its size is a multiple of {@link FILLED_BYTES}, whatever it
 * tells, and the padding that the settings ask for.
 */
export function answerText(
  body: AnswerBody,
  settings: PaddingSettings,
  { random, fill }: Randomness,
): string {
  const told = JSON.stringify({
    revisionToken: body.revisionToken || undefined,
    insertedExposures: body.insertedExposures || undefined,
    error: body.error || undefined,
    code: body.code || undefined,
    padding: "",
    warnings: body.warnings?.length ? body.warnings : undefined,
    dryRun: body.dryRun,
    ...body.more,
  });
  const bytes = Buffer.byteLength(told);
  const missing = FILLED_BYTES * Math.ceil(bytes / FILLED_BYTES) - bytes;
  const groups = Math.floor(missing / BASE64_GROUP) + drawnGroups(settings, random);
  const place = told.indexOf(NO_PADDING) + NO_PADDING.length - 1;
  return told.slice(0, place) + fill(groups) + told.slice(place) +
    " ".repeat(missing % BASE64_GROUP);
}

/** An answer of a publish API. `version`: the value of `x-api-version`. */
export function textAnswer(
  status: number,
  text: string,
  version: string,
  retryAfterSeconds?: number,
): Response {
  const headers: Record<string, string> = {
    "content-type": "application/json",
    "cache-control": "no-store",
    "x-api-version": version,
  };
  if (retryAfterSeconds !== undefined) headers["retry-after"] = String(retryAfterSeconds);
  return new Response(text, { status, headers });
}

import { Buffer } from "node:buffer";
import { encodeBase64 } from "../bytes/base64.ts";
import type { DryRunReport } from "./dry-run-report.ts";

/** Randomness that an answer needs. */
export type Randomness = {
  /** Uniform in [0, 1). */
  readonly random: () => number;
  /** Unpredictable bytes. */
  readonly randomBytes: (length: number) => Uint8Array;
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

/** How many random bytes beyond the fill an answer gets: `paddingMinBytes` plus 0 to `paddingRangeBytes`. */
function drawnPadding(settings: PaddingSettings, random: () => number): number {
  return settings.paddingMinBytes + Math.floor(random() * (settings.paddingRangeBytes + 1));
}

/** Base64 of `paddingMinBytes` plus 0 to `paddingRangeBytes` random bytes. */
export function padding(settings: PaddingSettings, { random, randomBytes }: Randomness): string {
  return encodeBase64(randomBytes(drawnPadding(settings, random)));
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

/**
 * The text of an answer, without members that are empty. Its size is a multiple of {@link FILLED_BYTES}, whatever it
 * tells, and the padding that the settings ask for.
 */
export function answerText(
  body: AnswerBody,
  settings: PaddingSettings,
  { random, randomBytes }: Randomness,
): string {
  const text = (pad: string): string =>
    JSON.stringify({
      revisionToken: body.revisionToken || undefined,
      insertedExposures: body.insertedExposures || undefined,
      error: body.error || undefined,
      code: body.code || undefined,
      padding: pad,
      warnings: body.warnings?.length ? body.warnings : undefined,
      dryRun: body.dryRun,
      ...body.more,
    });
  const told = Buffer.byteLength(text(""));
  const fill = FILLED_BYTES * Math.ceil(told / FILLED_BYTES) - told;
  const drawn = Math.ceil(drawnPadding(settings, random) / 3);
  const groups = Math.floor(fill / BASE64_GROUP) + drawn;
  return text(encodeBase64(randomBytes(groups * 3))) + " ".repeat(fill % BASE64_GROUP);
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

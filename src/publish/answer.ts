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

/** Base64 of `paddingMinBytes` plus 0 to `paddingRangeBytes` random bytes. */
export function padding(settings: PaddingSettings, { random, randomBytes }: Randomness): string {
  const more = Math.floor(random() * (settings.paddingRangeBytes + 1));
  return encodeBase64(randomBytes(settings.paddingMinBytes + more));
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
};

/** The text of an answer, without members that are empty. */
export function answerText(body: AnswerBody, pad: string): string {
  return JSON.stringify({
    revisionToken: body.revisionToken || undefined,
    insertedExposures: body.insertedExposures || undefined,
    error: body.error || undefined,
    code: body.code || undefined,
    padding: pad,
    warnings: body.warnings?.length ? body.warnings : undefined,
    dryRun: body.dryRun,
  });
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

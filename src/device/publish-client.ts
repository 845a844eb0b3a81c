import * as z from "zod";
import { accept, type Outcome, refuse } from "../errors.ts";
import { type Fetch, fetchBounded } from "./bounded-fetch.ts";
import type { PublishBody } from "./upload.ts";

/** The response to a publish. Absent members are empty. */
export type PublishAnswer = {
  /** HTTP status; 200 is success, even if some keys were refused. */
  readonly status: number;
  /** How many keys were new. */
  readonly insertedExposures: number;
  readonly revisionToken: string;
  /** The stable error code. */
  readonly code: string;
  readonly error: string;
  readonly warnings: readonly string[];
};

/** How to send. */
export type SendOptions = {
  /** Marks a request that the server must answer but not process. */
  readonly chaff?: boolean;
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal | undefined;
};

const MAX_ANSWER_BYTES = 256 * 1024;
const DEFAULT_TIMEOUT_MS = 30_000;
const text = z.string().nullish().transform((value) => value ?? "");
const answerSchema = z.object({
  insertedExposures: z.number().int().nullish().transform((value) => value ?? 0),
  revisionToken: text,
  code: text,
  error: text,
  warnings: z.array(z.string()).nullish().transform((value) => value ?? []),
});

/**
 * Sends POST /v1/publish to the server at this URL. Returns any response in the form of the API, whatever its status.
 * Refuses a server that cannot be reached, is too slow, or answers something else (`fetch_failed`).
 */
export async function sendPublish(
  fetch: Fetch,
  serverUrl: string,
  body: PublishBody,
  { chaff = false, timeoutMs = DEFAULT_TIMEOUT_MS, signal }: SendOptions = {},
): Promise<Outcome<PublishAnswer>> {
  const url = `${serverUrl.replace(/\/+$/, "")}/v1/publish`;
  const answer = await fetchBounded(fetch, url, { maxBytes: MAX_ANSWER_BYTES, timeoutMs, signal }, {
    method: "POST",
    redirect: "error",
    headers: { "content-type": "application/json", ...chaff ? { "x-chaff": "1" } : {} },
    body: JSON.stringify(body),
  });
  if (!answer.ok) return answer;
  const { status, body: bytes } = answer.value;
  const parsed = answerSchema.safeParse(parseJson(bytes));
  if (!parsed.success) {
    return refuse(
      "fetch_failed",
      `${url} answered ${status} with something other than a publish response`,
    );
  }
  return accept({ status, ...parsed.data });
}

/** Parses UTF-8 bytes as JSON; undefined when they are not JSON. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

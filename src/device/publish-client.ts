import * as z from "zod";
import { accept, type Outcome, refuse } from "../errors.ts";
import { type Fetch, fetchBounded } from "./bounded-fetch.ts";
import type { PublishBody } from "./upload.ts";

/** What a server says to a publish. Absent members are empty. */
export type PublishAnswer = {
  /** HTTP status; 200 is success, also when some keys were refused. */
  readonly status: number;
  /** How many keys were new. */
  readonly insertedExposures: number;
  readonly revisionToken: string;
  /** Stable code of what went wrong. */
  readonly code: string;
  readonly error: string;
  readonly warnings: readonly string[];
};

/** How to send. */
export type SendOptions = {
  /** A request that the server must answer but not look at. */
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
 * POST /v1/publish at the server with this URL. Any answer in the form of the API is a value, whatever its status;
 * refused are servers that cannot be reached, are too slow, or answer something else (`fetch_failed`).
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
      `${url} answered ${status} with something that is no publish answer`,
    );
  }
  return accept({ status, ...parsed.data });
}

/** The JSON value of UTF-8 bytes; undefined when they are none. */
export function parseJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return undefined;
  }
}

import { accept, type Outcome, refuse } from "../errors.ts";

/** The part of `fetch` that a device needs. */
export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

/** What one request may take. */
export type FetchBounds = {
  /** Of the answer's body, expanded. */
  readonly maxBytes: number;
  /** From the start of the request to the end of the body. */
  readonly timeoutMs: number;
  /** Ends the request early. */
  readonly signal?: AbortSignal | undefined;
};

/** An answer that was read to its end. */
export type FetchedAnswer = {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
};

/**
 * One request, whatever its status. Refused with `fetch_failed` (no answer), `deadline_exceeded`, `canceled`, or
 * `limit_exceeded` (the body); never throws for what the other side does.
 */
export async function fetchBounded(
  fetch: Fetch,
  url: string,
  { maxBytes, timeoutMs, signal }: FetchBounds,
  init: RequestInit = {},
): Promise<Outcome<FetchedAnswer>> {
  const ended = new AbortController();
  const cancel = (): void => ended.abort();
  const timer = setTimeout(cancel, timeoutMs);
  signal?.addEventListener("abort", cancel);
  if (signal?.aborted === true) cancel();
  try {
    const response = await fetch(url, { ...init, signal: ended.signal });
    const body = await readBounded(response, maxBytes);
    if (body !== undefined) {
      return accept({ status: response.status, headers: response.headers, body });
    }
    return refuse("limit_exceeded", `${url} answered with more than ${maxBytes} bytes`);
  } catch (error) {
    if (signal?.aborted === true) return refuse("canceled", `${url}: stopped while it was read`);
    if (ended.signal.aborted) {
      return refuse("deadline_exceeded", `${url} did not answer within ${timeoutMs / 1000} s`);
    }
    return refuse("fetch_failed", `${url} cannot be reached${reason(error)}: does the server run?`);
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", cancel);
    ended.abort();
  }
}

/** The body; undefined when it is longer than `maxBytes`. */
async function readBounded(
  response: Response,
  maxBytes: number,
): Promise<Uint8Array<ArrayBuffer> | undefined> {
  if (response.body === null) return new Uint8Array();
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body) {
    size += chunk.byteLength;
    if (size > maxBytes) return undefined;
    chunks.push(chunk);
  }
  const whole = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    whole.set(chunk, at);
    at += chunk.byteLength;
  }
  return whole;
}

/** The system's code for what went wrong, such as ECONNREFUSED, if there is one. */
function reason(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  return typeof code === "string" ? ` (${code.slice(0, 40)})` : "";
}

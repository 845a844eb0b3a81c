import { startDeadline } from "../bounds/deadline.ts";
import { readBounded } from "../bounds/read.ts";
import { accept, type Outcome, refuse } from "../errors.ts";

/** The part of `fetch` that a device needs. */
export type Fetch = (url: string, init?: RequestInit) => Promise<Response>;

/** Limits of one request. */
export type FetchBounds = {
  /** The most bytes of the response body, expanded. */
  readonly maxBytes: number;
  /** From the start of the request to the end of the body. */
  readonly timeoutMs: number;
  /** Ends the request early. */
  readonly signal?: AbortSignal | undefined;
};

/** A response with its whole body. */
export type FetchedAnswer = {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Uint8Array<ArrayBuffer>;
};

/**
 * Makes one request and accepts any status. Refused with `fetch_failed` (no response), `deadline_exceeded`, `canceled`,
 * or `limit_exceeded` (the body). Never throws because of the server.
 */
export async function fetchBounded(
  fetch: Fetch,
  url: string,
  { maxBytes, timeoutMs, signal }: FetchBounds,
  init: RequestInit = {},
): Promise<Outcome<FetchedAnswer>> {
  const deadline = startDeadline(timeoutMs, { canceledBy: [signal] });
  try {
    const response = await fetch(url, { ...init, signal: deadline.signal });
    const body = await readBounded(response.body, {
      maxBytes,
      signal: deadline.signal,
      tooLarge: () => refuse("limit_exceeded", `${url} answered with more than ${maxBytes} bytes`),
    });
    if (!body.ok) return body;
    return accept({ status: response.status, headers: response.headers, body: body.value });
  } catch (error) {
    if (signal?.aborted === true) return refuse("canceled", `${url}: stopped while it was read`);
    if (deadline.signal.aborted) {
      return refuse("deadline_exceeded", `${url} did not answer within ${timeoutMs / 1000} s`);
    }
    return refuse(
      "fetch_failed",
      `${url} cannot be reached${reason(error)}: is the server running?`,
    );
  } finally {
    // Closes the connection if the body was not read to its end.
    deadline.cancel();
  }
}

/** The system's error code, such as ECONNREFUSED, if there is one. */
function reason(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  return typeof code === "string" ? ` (${code.slice(0, 40)})` : "";
}

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
  if (!URL.canParse(url)) {
    return refuse("invalid_argument", `${url} is not a URL: write it as http://HOST:PORT/PATH`);
  }
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
      `${url} cannot be reached${reason(error)}: start the server, or check the address`,
    );
  } finally {
    // Closes the connection if the body was not read to its end.
    deadline.cancel();
  }
}

/** System error codes that a person can act on, in words. */
const REASONS: Readonly<Record<string, string>> = {
  ECONNREFUSED: "nothing listens there",
  ECONNRESET: "the connection was cut",
  ENOTFOUND: "there is no such host",
  EAI_AGAIN: "the host's name cannot be looked up now",
  EHOSTUNREACH: "there is no way to the host",
  ENETUNREACH: "there is no way to the host",
  ETIMEDOUT: "the host does not answer",
  CERT_HAS_EXPIRED: "its certificate has expired",
  DEPTH_ZERO_SELF_SIGNED_CERT: "its certificate is self-signed",
  SELF_SIGNED_CERT_IN_CHAIN: "its certificate is from an unknown authority",
  UNABLE_TO_VERIFY_LEAF_SIGNATURE: "its certificate is from an unknown authority",
  ERR_TLS_CERT_ALTNAME_INVALID: "its certificate is for another host",
};

/** The reason why there was no response, in parentheses, if it is known. */
function reason(error: unknown): string {
  const cause = error instanceof Error ? error.cause : undefined;
  const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
  const known = typeof code === "string" && Object.hasOwn(REASONS, code)
    ? REASONS[code]
    : undefined;
  return known === undefined ? "" : ` (${known})`;
}

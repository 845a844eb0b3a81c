import { AppError, type ErrorCode, ERRORS } from "../errors.ts";

/** A JSON response. */
export function jsonAnswer(
  status: number,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/json", "cache-control": "no-store", ...headers },
  });
}

/** The text for an address that no route has. */
export const NOTHING_HERE: string =
  "there is nothing at this address: see /docs for those that there are";

/** The response for an error code: its status, `{error, code}`, and `Retry-After` if a retry may help. */
export function errorAnswer(
  code: ErrorCode,
  message: string = ERRORS[code].text,
  more: Readonly<Record<string, unknown>> = {},
): Response {
  const { http, retryable } = ERRORS[code];
  return jsonAnswer(
    http,
    { error: message, code, ...more },
    retryable ? { "retry-after": "5" } : {},
  );
}

/** The response for anything thrown. For unknown errors it holds only the request's id. */
export function failureAnswer(error: unknown, requestId: string): Response {
  if (error instanceof AppError && error.code !== "internal") {
    return errorAnswer(error.code, error.message, { requestId });
  }
  return errorAnswer("internal", undefined, { requestId });
}

/** Texts of the statuses that are answered. */
const TITLES: Readonly<Record<number, string>> = {
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  406: "Not Acceptable",
  409: "Conflict",
  410: "Gone",
  413: "Content Too Large",
  415: "Unsupported Media Type",
  500: "Internal Server Error",
  503: "Service Unavailable",
};

/**
 * An error as problem JSON (RFC 7807). `message` goes with the key check alone: by it callers of the deployed gateway
 * know that a key is at fault, and which one they are told here.
 */
export function problem(
  request: Request,
  status: number,
  detail: string,
  more: { readonly headers?: Readonly<Record<string, string>>; readonly message?: string } = {},
): Response {
  const body = {
    type: "about:blank",
    title: TITLES[status] ?? "Error",
    status,
    detail,
    instance: new URL(request.url).pathname,
    ...(more.message === undefined ? {} : { message: more.message }),
  };
  return new Response(JSON.stringify(body), {
    status,
    headers: {
      "content-type": "application/problem+json",
      "cache-control": "no-store",
      ...more.headers,
    },
  });
}

import { readBounded } from "../bounds/read.ts";
import { AppError, refuse } from "../errors.ts";
import { hostOf } from "../http/address.ts";
import { type DenoFetchOptions, fetchWithClient } from "./deno-fetch.ts";
import type { DenoApi } from "./deno-serve.ts";
import type { Http2Exchange, Http2Request, IdentifiedFetch } from "./runtime.ts";

/**
 * POSTs by fetch, for a runtime whose fetch speaks HTTP/2 over TLS (Deno's) and whose node:http2 must not be used.
 * Trailers stay unseen, and cleartext is refused. `resolve` has its say, but fetch looks the name up again: what is
 * left of that gap is a TLS greeting to a host that has no certificate for the name.
 */
export function exchangeOverFetch(deno: Pick<DenoApi, "createHttpClient">): Http2Exchange {
  // In practice all requests have the same identity, and a client of Deno's stays until it is closed.
  let last: (DenoFetchOptions & { readonly fetch: IdentifiedFetch }) | undefined;
  const fetchFor = ({ identity, ca }: Http2Request): IdentifiedFetch => {
    if (last === undefined || last.identity !== identity || last.ca !== ca) {
      last = { identity, ca, fetch: fetchWithClient(deno, { identity, ca }) };
    }
    return last.fetch;
  };
  return async (request) => {
    const { url, headers, body, maxBytes, signal } = request;
    if (url.protocol !== "https:") {
      const text =
        "native gRPC on this version of Deno goes to https addresses only: use Deno 2.9.3";
      throw new AppError("fetch_refused", text);
    }
    signal.throwIfAborted();
    await request.resolve?.(hostOf(url));
    signal.throwIfAborted();
    const response = await fetchFor(request)(
      url.href,
      { method: "POST", headers, body, signal },
      [],
    )
      .catch((cause: unknown) => {
        throw signal.aborted ? signal.reason : new AppError("fetch_failed", undefined, { cause });
      });
    const received = await readBounded(response.body, {
      maxBytes,
      signal,
      tooLarge: () => refuse("limit_exceeded", `the answer is larger than ${maxBytes} bytes`),
    });
    if (!received.ok) throw new AppError(received.code, received.message);
    return { status: response.status, headers: response.headers, body: received.value };
  };
}

import { AppError } from "../errors.ts";
import { hostOf } from "../http/address.ts";
import { type DenoFetchOptions, fetchWithClient } from "./deno-fetch.ts";
import type { DenoApi } from "./deno-serve.ts";
import type { Http2Exchange, Http2Question, IdentifiedFetch } from "./runtime.ts";

/**
 * POSTs by fetch, for a runtime whose fetch speaks HTTP/2 over TLS (Deno's) and whose node:http2 must not be used.
 * Trailers stay unseen, and cleartext is refused. `resolve` has its say, but fetch looks the name up again: what is
 * left of that gap is a TLS greeting to a host that has no certificate for the name.
 */
export function exchangeOverFetch(deno: Pick<DenoApi, "createHttpClient">): Http2Exchange {
  // In practice all questions have the same identity, and a client of Deno's stays until it is closed.
  let last: (DenoFetchOptions & { readonly fetch: IdentifiedFetch }) | undefined;
  const fetchFor = ({ identity, ca }: Http2Question): IdentifiedFetch => {
    if (last === undefined || last.identity !== identity || last.ca !== ca) {
      last = { identity, ca, fetch: fetchWithClient(deno, { identity, ca }) };
    }
    return last.fetch;
  };
  return async (question) => {
    const { url, headers, body, maxBytes, signal } = question;
    if (url.protocol !== "https:") {
      const text =
        "native gRPC on this version of Deno goes to https addresses only: use Deno 2.9.3";
      throw new AppError("fetch_refused", text);
    }
    signal.throwIfAborted();
    await question.resolve?.(hostOf(url));
    signal.throwIfAborted();
    const response = await fetchFor(question)(
      url.href,
      { method: "POST", headers, body, signal },
      [],
    )
      .catch((cause: unknown) => {
        throw signal.aborted ? signal.reason : new AppError("fetch_failed", undefined, { cause });
      });
    const chunks: Uint8Array<ArrayBuffer>[] = [];
    let size = 0;
    for await (const chunk of response.body ?? []) {
      size += chunk.byteLength;
      if (size > maxBytes) {
        throw new AppError("limit_exceeded", `the answer is larger than ${maxBytes} bytes`);
      }
      chunks.push(chunk);
    }
    const { status, headers: received } = response;
    return {
      status,
      headers: received,
      body: new Uint8Array(await new Blob(chunks).arrayBuffer()),
    };
  };
}

import { AppError } from "../errors.ts";
import type { Http2Exchange } from "./runtime.ts";

/**
 * One POST by fetch, for a runtime whose fetch speaks HTTP/2 over TLS (Deno's) and whose node:http2 must not be
 * used. Trailers stay unseen. `resolve` and `ca` cannot be kept, so they are refused.
 */
export const exchangeOverFetch: Http2Exchange = async (question) => {
  const { url, headers, body, maxBytes, signal } = question;
  if (question.resolve !== undefined || question.ca !== undefined || url.protocol !== "https:") {
    const text =
      "native gRPC on this version of Deno goes to public https addresses only: use Deno 2.9.3";
    throw new AppError("fetch_refused", text);
  }
  const response = await fetch(url, { method: "POST", headers, body, signal, redirect: "manual" })
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
  return { status, headers: received, body: new Uint8Array(await new Blob(chunks).arrayBuffer()) };
};

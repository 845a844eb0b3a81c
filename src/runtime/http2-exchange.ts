import { type ClientHttp2Session, type ClientHttp2Stream, connect } from "node:http2";
import { connect as connectTcp, isIP, type Socket } from "node:net";
import { connect as connectTls } from "node:tls";
import { untilAborted } from "../bounds/deadline.ts";
import { AppError } from "../errors.ts";
import { hostOf } from "../http/address.ts";
import { withCertificateDates } from "./certificate-dates.ts";
import type { Http2Answer, Http2Exchange, Http2Request } from "./runtime.ts";

/**
 * Sends one POST over HTTP/2, with trailers, on its own connection. Over https the certificate must verify; http uses
 * prior knowledge.
 */
export const exchangeOverHttp2: Http2Exchange = async (request) => {
  const { url, signal } = request;
  signal.throwIfAborted();
  const host = hostOf(url);
  const address = await request.resolve?.(host) ?? host;
  signal.throwIfAborted();
  const session = connect(url.origin, { createConnection: () => open(request, host, address) });
  try {
    return await untilAborted(signal, () => exchange(session, request));
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== "fetch_failed") throw error;
    const cause = await withCertificateDates(error.cause, url, [address], signal);
    throw new AppError("fetch_failed", undefined, { cause });
  } finally {
    session.destroy();
  }
};

function open({ url, ca, identity }: Http2Request, host: string, address: string): Socket {
  if (url.protocol === "http:") return connectTcp({ host: address, port: Number(url.port || 80) });
  return connectTls({
    host: address,
    port: Number(url.port || 443),
    ALPNProtocols: ["h2"],
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...(ca === undefined ? {} : { ca }),
    ...identity,
  });
}

function exchange(session: ClientHttp2Session, request: Http2Request): Promise<Http2Answer> {
  const { url, headers, body, maxBytes } = request;
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown) => reject(new AppError("fetch_failed", undefined, { cause }));
    session.on("error", fail);
    session.on(
      "close",
      () => fail(closedEarly("the connection was closed before the response was complete")),
    );
    const stream = session.request({
      ":method": "POST",
      ":path": url.pathname + url.search,
      ...headers,
    });
    const answer = collect(stream, maxBytes, () => {
      const text = `the answer is larger than ${maxBytes} bytes`;
      reject(new AppError("limit_exceeded", text));
    });
    stream.on("error", fail);
    stream.on(
      "close",
      () => fail(closedEarly("the stream was closed before the response was complete")),
    );
    // "close" may never fire on Deno, so "end" settles the response.
    stream.on("end", () => {
      const whole = answer();
      if (whole.status === 0) fail(closedEarly("the connection ended before the response"));
      else resolve(whole);
    });
    stream.end(body);
  });
}

const closedEarly = (text: string): Error => Object.assign(new Error(text), { code: "ECONNRESET" });

/**
 * Collects a response from its events and counts the bytes. The bounded reader does not fit: it takes a web stream, and
 * one made from this stream waits for "close", which may never fire on Deno. There, data may also precede the headers.
 */
function collect(
  stream: ClientHttp2Stream,
  maxBytes: number,
  tooLarge: () => void,
): () => Http2Answer {
  const chunks: Uint8Array[] = [];
  let size = 0;
  let status = 0;
  let headers = new Headers();
  let trailers = new Headers();
  stream.on("response", (received) => {
    status = Number(received[":status"] ?? 0);
    headers = toHeaders(received);
  });
  stream.on("trailers", (received) => trailers = toHeaders(received));
  stream.on("data", (chunk: Uint8Array) => {
    size += chunk.byteLength;
    if (size > maxBytes) tooLarge();
    else chunks.push(chunk);
  });
  return () => ({ status, headers, trailers, body: new Uint8Array(Buffer.concat(chunks)) });
}

function toHeaders(
  received: Readonly<Record<string, string | string[] | number | undefined>>,
): Headers {
  const headers = new Headers();
  for (const [name, value] of Object.entries(received)) {
    if (name.startsWith(":") || value === undefined) continue;
    for (const one of [value].flat()) headers.append(name, String(one));
  }
  return headers;
}

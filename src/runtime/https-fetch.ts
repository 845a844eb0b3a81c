import { Buffer } from "node:buffer";
import type { IncomingMessage } from "node:http";
import { request as httpsRequest } from "node:https";
import { isIP } from "node:net";
import { hostOf } from "../http/address.ts";
import type { IdentifiedFetch, TlsIdentity } from "./runtime.ts";

/** A fetch with a client certificate, which Node's own cannot show: HTTP/1.1, a connection for each call. */
export function fetchOverHttps(identity: TlsIdentity, ca?: string): IdentifiedFetch {
  return async (url, init, [address]) => {
    const { method, headers, signal, ...sent } = await plain(url, init);
    const target = new URL(url);
    const host = hostOf(target);
    const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
      const call = httpsRequest({
        ...identity,
        ...(ca === undefined ? {} : { ca }),
        agent: false,
        host: address ?? host,
        port: Number(target.port || 443),
        ...(isIP(host) === 0 ? { servername: host } : {}),
        path: target.pathname + target.search,
        method,
        headers: { ...headers, host: target.host, "content-length": sent.body.byteLength },
        signal,
      });
      call.on("response", resolve);
      call.on("error", reject);
      call.end(sent.body);
    });
    return answerOf(incoming);
  };
}

async function plain(url: string, init: RequestInit) {
  const request = new Request(url, init);
  const { method, signal } = request;
  const headers = Object.fromEntries(request.headers);
  return { method, signal, headers, body: Buffer.from(await request.arrayBuffer()) };
}

/** Statuses that have no body. */
const BARE: readonly number[] = [101, 204, 205, 304];

function answerOf(incoming: IncomingMessage): Response {
  const { statusCode: status = 0, rawHeaders } = incoming;
  const headers = new Headers();
  for (let at = 0; at + 1 < rawHeaders.length; at += 2) {
    headers.append(rawHeaders[at] ?? "", rawHeaders[at + 1] ?? "");
  }
  try {
    const body = BARE.includes(status) ? null : bodyOf(incoming);
    if (body === null) incoming.resume();
    return new Response(body, { status, headers });
  } catch (error) {
    incoming.destroy();
    throw error;
  }
}

function bodyOf(incoming: IncomingMessage): ReadableStream<Uint8Array<ArrayBuffer>> {
  const chunks: AsyncIterator<Uint8Array<ArrayBuffer>> = incoming[Symbol.asyncIterator]();
  return new ReadableStream({
    pull: async (controller) => {
      const { done, value } = await chunks.next();
      if (done === true) controller.close();
      else controller.enqueue(value);
    },
    cancel: () => {
      incoming.destroy();
    },
  });
}

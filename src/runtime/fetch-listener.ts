import type { IncomingMessage, ServerResponse } from "node:http";
import { constants, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { getRequestListener } from "@hono/node-server";
import type { Connection, EdgeLimits, Handler } from "./runtime.ts";

/** Headers that speak of an HTTP/1.1 connection; on HTTP/2 they are an error that ends the process (RFC 9113, 8.2.2). */
const CONNECTION_HEADERS = [
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
];

type Incoming = IncomingMessage | Http2ServerRequest;
type Outgoing = ServerResponse | Http2ServerResponse;

/** A listener for node:http and node:http2 alike that answers with `handler`. */
export type FetchListener = (incoming: Incoming, outgoing: Outgoing) => void;

/** Turns a fetch-style handler into a listener. A client that goes away aborts `request.signal`. */
export function fetchListener(handler: Handler, limits: EdgeLimits): FetchListener {
  const listen = getRequestListener(
    async (request, env) => {
      if (!isHttp2(env.incoming) || !isHttp2Answer(env.outgoing)) {
        return await handler(request, connectionOf(env.incoming.socket));
      }
      const { incoming, outgoing } = env;
      boundBody(incoming, limits.requestMs);
      const connection = {
        ...connectionOf(sessionSocket(incoming)),
        setTrailer: (name: string, value: string) => outgoing.addTrailers({ [name]: value }),
      };
      const response = await handler(request, connection);
      await drainBody(incoming, limits);
      return withoutConnectionHeaders(response);
    },
    { overrideGlobalObjects: false },
  );
  return (incoming, outgoing) => {
    // Taken back before it was looked at.
    if (isHttp2(incoming) && incoming.stream.aborted) return;
    listen(incoming, outgoing).catch(() => outgoing.destroy());
  };
}

function isHttp2(incoming: Incoming): incoming is Http2ServerRequest {
  return incoming.httpVersionMajor === 2;
}

function isHttp2Answer(outgoing: Outgoing): outgoing is Http2ServerResponse {
  return "createPushResponse" in outgoing;
}

function sessionSocket(incoming: Http2ServerRequest): unknown {
  return incoming.stream?.session?.socket;
}

function connectionOf(socket: unknown): Connection {
  const address = isSocket(socket) ? socket.remoteAddress : undefined;
  const reached = address === undefined ? {} : { remoteAddress: plainAddress(address) };
  if (!isTls(socket)) return reached;
  const certificate = socket.getPeerX509Certificate();
  if (certificate === undefined) return reached;
  const shown = { ...reached, clientCertificate: new Uint8Array(certificate.raw) };
  if (!socket.authorized) return shown;
  const fingerprint = certificate.fingerprint256.replaceAll(":", "").toLowerCase();
  return { ...shown, clientCertificateFingerprint: fingerprint };
}

/** An IPv4 address that came to an IPv6 socket is still itself. */
const plainAddress = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, "");

// HTTP/2 hands out its socket behind a proxy, which instanceof sees through on both runtimes.
function isTls(socket: unknown): socket is TLSSocket {
  return socket instanceof TLSSocket;
}

function isSocket(socket: unknown): socket is Socket {
  return socket instanceof Socket;
}

/** HTTP/2 in Node has no time-out for a body that trickles in. */
function boundBody(incoming: Http2ServerRequest, requestMs: number): void {
  const { stream } = incoming;
  if (stream.endAfterHeaders) return;
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), requestMs);
  const clear = () => clearTimeout(timer);
  incoming.once("end", clear);
  stream.once("close", clear);
}

/**
 * Reads on what a handler left of a body, up to a bound: a client that is still sending sees the answer, and not
 * a broken stream. (For HTTP/1.1 the listener does this by itself.)
 */
function drainBody(incoming: Http2ServerRequest, limits: EdgeLimits): Promise<void> | undefined {
  if (incoming.readableEnded || incoming.destroyed) return undefined;
  return new Promise((resolve) => {
    let bytes = 0;
    const stop = () => {
      clearTimeout(timer);
      incoming.off("data", count).off("end", stop).off("close", stop);
      resolve();
    };
    const count = (chunk: Uint8Array) => {
      bytes += chunk.byteLength;
      // Whoever read before may have paused for want of room.
      if (bytes <= limits.maxDrainBytes) return void incoming.resume();
      incoming.pause();
      stop();
    };
    const timer = setTimeout(stop, limits.drainMs);
    incoming.on("data", count).on("end", stop).on("close", stop);
    incoming.resume();
  });
}

function withoutConnectionHeaders(response: Response): Response {
  if (!CONNECTION_HEADERS.some((name) => response.headers.has(name))) return response;
  const headers = new Headers(response.headers);
  for (const name of CONNECTION_HEADERS) headers.delete(name);
  const { status, statusText } = response;
  return new Response(response.body, { status, statusText, headers });
}

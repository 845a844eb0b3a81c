import type { IncomingMessage, ServerResponse } from "node:http";
import { constants, type Http2ServerRequest, type Http2ServerResponse } from "node:http2";
import { Socket } from "node:net";
import { TLSSocket } from "node:tls";
import { getRequestListener } from "@hono/node-server";
import type { Connection, EdgeLimits, Handler } from "./runtime.ts";

/** Headers of an HTTP/1.1 connection. On HTTP/2 they are an error (RFC 9113, 8.2.2) that ends the process. */
const CONNECTION_HEADERS = [
  "connection",
  "keep-alive",
  "proxy-connection",
  "transfer-encoding",
  "upgrade",
];

type Incoming = IncomingMessage | Http2ServerRequest;
type Outgoing = ServerResponse | Http2ServerResponse;

/** A listener for both node:http and node:http2 that answers with `handler`. */
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
    // The client reset the request before it was handled.
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

/** Converts an IPv4-mapped address of an IPv6 socket back to IPv4. */
const plainAddress = (address: string): string => address.replace(/^::ffff:(?=\d+\.)/i, "");

// HTTP/2 exposes its socket through a proxy; instanceof works with it on both runtimes.
function isTls(socket: unknown): socket is TLSSocket {
  return socket instanceof TLSSocket;
}

function isSocket(socket: unknown): socket is Socket {
  return socket instanceof Socket;
}

/** HTTP/2 in Node has no time-out for a slow request body. */
function boundBody(incoming: Http2ServerRequest, requestMs: number): void {
  const { stream } = incoming;
  if (stream.endAfterHeaders) return;
  const timer = setTimeout(() => stream.close(constants.NGHTTP2_CANCEL), requestMs);
  const clear = () => clearTimeout(timer);
  incoming.once("end", clear);
  stream.once("close", clear);
}

/**
 * Drains the rest of a body that a handler left unread, up to a bound, so that a client that is still sending gets the
 * response and not a broken stream. (For HTTP/1.1 the listener does this by itself.)
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
      // An earlier reader may have paused the stream because its buffer was full.
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

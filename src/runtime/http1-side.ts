import { createServer } from "node:http";
import type { Socket } from "node:net";
import type { FetchListener } from "./fetch-listener.ts";
import type { EdgeLimits } from "./runtime.ts";

/** One protocol's half of the edge: it receives connections and closes them. */
export type Side = {
  accept(socket: Socket): void;
  /** Closes idle connections at once and busy ones after their response. */
  drain(): void;
};

/** Serves HTTP/1.1 on the connections that it receives. */
export function http1Side(listener: FetchListener, limits: EdgeLimits): Side {
  const inFlight = new Map<Socket, number>();
  let draining = false;
  const count = (socket: Socket, change: number): number => {
    const left = (inFlight.get(socket) ?? 0) + change;
    inFlight.set(socket, left);
    return left;
  };
  const server = createServer({
    headersTimeout: Math.min(limits.headersMs, limits.requestMs),
    requestTimeout: limits.requestMs,
    keepAliveTimeout: limits.keepAliveMs,
    connectionsCheckingInterval: Math.min(1_000, limits.headersMs),
    maxHeaderSize: limits.maxHeaderBytes,
  }, (incoming, outgoing) => {
    const { socket } = incoming;
    count(socket, 1);
    if (draining) outgoing.shouldKeepAlive = false;
    outgoing.once("close", () => {
      if (count(socket, -1) === 0 && draining) socket.destroySoon();
    });
    listener(incoming, outgoing);
  });
  server.timeout = limits.silentMs;
  // The server never listens itself. Without this event, Node does not check for slow senders, and Deno ends every
  // connection after one response.
  Object.defineProperty(server, "listening", { get: () => !draining });
  server.emit("listening");
  return {
    accept(socket) {
      inFlight.set(socket, 0);
      socket.once("close", () => inFlight.delete(socket));
      server.emit("connection", socket);
    },
    drain() {
      draining = true;
      server.close();
      for (const [socket, requests] of inFlight) if (requests === 0) socket.destroy();
    },
  };
}

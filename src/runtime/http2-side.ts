import { constants, createServer, type ServerHttp2Session } from "node:http2";
import type { FetchListener } from "./fetch-listener.ts";
import type { Side } from "./http1-side.ts";
import type { EdgeLimits } from "./runtime.ts";

/** Serves HTTP/2 on the connections that it receives. */
export function http2Side(listener: FetchListener, limits: EdgeLimits): Side {
  const sessions = new Set<ServerHttp2Session>();
  const server = createServer({
    settings: {
      enablePush: false,
      maxConcurrentStreams: limits.maxStreams,
      maxHeaderListSize: limits.maxHeaderBytes,
    },
    maxSessionInvalidFrames: 100,
    maxSessionRejectedStreams: 100,
  }, listener);
  server.on("sessionError", () => {});
  server.on("session", (session) => {
    sessions.add(session);
    session.once("close", () => sessions.delete(session));
    session.setTimeout(limits.silentMs, () => session.destroy());
    boundResets(session, limits.maxResets);
  });
  return {
    accept: (socket) => server.emit("connection", socket),
    drain: () => sessions.forEach((session) => session.close()),
  };
}

/** Ends a connection whose client opens requests and resets them at once ("rapid reset", CVE-2023-44487). */
function boundResets(session: ServerHttp2Session, maxResets: number): void {
  let resets = 0;
  session.on("stream", (stream) => {
    // "aborted" may fire before a listener exists.
    stream.once("close", () => {
      if (!stream.aborted) return;
      resets += 1;
      if (resets <= maxResets || session.destroyed) return;
      const reason = new Error("too many requests reset");
      session.destroy(reason, constants.NGHTTP2_ENHANCE_YOUR_CALM);
    });
  });
}

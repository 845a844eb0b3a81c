/** An HTTP proxy that injects faults in front of a real server. */

import { createServer, request as forward } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";

/**
 * What happens to a request: an answer with that status and body; the connection cut before the answer; the answer
 * cut in the middle of its body; no answer ever.
 */
export type Fault =
  | { readonly status: number; readonly body?: string }
  | "cut"
  | "cut-body"
  | "silence";

/** The proxy. Each request takes one of `faults`; once they are used up, requests pass. */
export type FaultProxy = {
  readonly endpoint: URL;
  readonly faults: Fault[];
  /** Method and path of each request, in order. */
  readonly seen: string[];
  stop(): Promise<void>;
};

/** Starts a proxy for `target`; its endpoint has the target's path. */
export async function startFaultProxy(target: URL): Promise<FaultProxy> {
  const faults: Fault[] = [];
  const seen: string[] = [];
  const server = createServer((incoming, outgoing) => {
    seen.push(`${incoming.method} ${incoming.url}`);
    const fault = faults.shift();
    if (fault === "cut") incoming.socket.destroy();
    else if (typeof fault === "object") {
      incoming.resume();
      outgoing.writeHead(fault.status, { connection: "close" }).end(fault.body ?? "");
    } else if (fault !== "silence") pass(target, incoming, outgoing, fault === "cut-body");
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  const endpoint = new URL(target);
  endpoint.port = String(address.port);
  const stop = (): Promise<void> =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { endpoint, faults, seen, stop };
}

function pass(
  target: URL,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  cutBody: boolean,
): void {
  const { method, url: path, headers } = incoming;
  const { hostname, port } = target;
  const upstream = forward({ hostname, port, method, path, headers }, (answer) => {
    outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
    if (cutBody) answer.once("data", (chunk: Uint8Array) => cut(outgoing, chunk, incoming));
    else answer.pipe(outgoing);
  });
  upstream.on("error", () => incoming.socket.destroy());
  incoming.pipe(upstream);
}

function cut(outgoing: ServerResponse, chunk: Uint8Array, incoming: IncomingMessage): void {
  outgoing.write(chunk.subarray(0, chunk.length / 2), () => incoming.socket.destroy());
}

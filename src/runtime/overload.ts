import type { IncomingMessage, ServerResponse } from "node:http";
import type { Http2ServerRequest, Http2ServerResponse } from "node:http2";
import { ERRORS } from "../errors.ts";
import type { FetchListener } from "./fetch-listener.ts";
import type { EdgeLimits } from "./runtime.ts";

/** Measures how late the event loop is. */
export type LoopDelay = {
  /** The smaller delay of its last two turns in milliseconds, because one pause alone is not overload. */
  readonly ms: () => number;
  stop(): void;
};

const TICK_MS = 100;

/** Measures with its own timer, which does not keep the process alive. */
export function measureLoopDelay(elapsedMs: () => number = () => performance.now()): LoopDelay {
  let due = elapsedMs() + TICK_MS;
  let before = 0;
  let last = 0;
  const timer = setInterval(() => {
    before = last;
    last = Math.max(0, elapsedMs() - due);
    due = elapsedMs() + TICK_MS;
  }, TICK_MS);
  if (typeof timer === "object") timer.unref();
  return { ms: () => Math.min(before, last), stop: () => clearInterval(timer) };
}

/** Paths answered under any load, so that a supervisor does not restart the server because of load. */
const ALWAYS_ANSWERED = "/healthz";
const RETRY_AFTER_SECONDS = "5";
const REFUSAL = JSON.stringify({ error: ERRORS.overloaded.text, code: "overloaded" });

/** The sources of the load figures. */
export type Load = {
  readonly loopDelayMs: () => number;
  readonly connections: () => number;
};

/**
 * Refuses requests at their head, before reading the body, while the event loop is late or too many connections are
 * open: answers 503 `overloaded` with Retry-After and closes the connection.
 */
export function refuseWhenOverloaded(
  listener: FetchListener,
  limits: Pick<EdgeLimits, "busyLoopMs" | "busyConnections">,
  load: Load,
): FetchListener {
  return (incoming, outgoing) => {
    const busy = load.connections() > limits.busyConnections ||
      load.loopDelayMs() > limits.busyLoopMs;
    if (!busy || incoming.url === ALWAYS_ANSWERED) return listener(incoming, outgoing);
    refuse(incoming, outgoing);
  };
}

function refuse(
  incoming: IncomingMessage | Http2ServerRequest,
  outgoing: ServerResponse | Http2ServerResponse,
): void {
  const headers = {
    "content-type": "application/json",
    "cache-control": "no-store",
    "retry-after": RETRY_AFTER_SECONDS,
  };
  incoming.resume();
  if ("createPushResponse" in outgoing) {
    outgoing.writeHead(ERRORS.overloaded.http, headers);
    outgoing.end(REFUSAL);
    outgoing.stream?.session?.close();
    return;
  }
  outgoing.writeHead(ERRORS.overloaded.http, { ...headers, connection: "close" });
  outgoing.end(REFUSAL);
}

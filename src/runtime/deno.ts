import { AppError } from "../errors.ts";
import { type DenoApi, listenWithDenoServe } from "./deno-serve.ts";
import { listenOnEdge } from "./edge.ts";
import { exchangeOverHttp2 } from "./http2-exchange.ts";
import type { Runtime } from "./runtime.ts";

/** Versions whose node:http2 a peer's GOAWAY can crash (denoland/deno#36788). */
const BROKEN_HTTP2: ReadonlySet<string> = new Set(["2.9.4", "2.9.5", "2.9.6"]);

/**
 * Deno: the same edge as on Node if its node:http2 is safe, because only that carries the trailers of native gRPC.
 * Otherwise Deno's own server, without trailers and client certificates, and no native gRPC to peers.
 */
export function denoRuntime(deno: DenoApi): Runtime {
  const { crypto } = globalThis;
  const version = deno.version.deno;
  if (!BROKEN_HTTP2.has(version)) {
    return {
      name: "deno",
      crypto,
      listen: listenOnEdge,
      exchange: exchangeOverHttp2,
      trailers: { ok: true },
    };
  }
  const reason =
    `native gRPC is off: node:http2 of Deno ${version} can crash (denoland/deno#36788); use Deno 2.9.3`;
  return {
    name: "deno",
    crypto,
    listen: (handler, options) => listenWithDenoServe(deno, handler, options),
    // Deno's own fetch speaks HTTP/2, but resolves the name itself, so the address would be unchecked.
    exchange: () => {
      const text = `native gRPC is not available on Deno ${version}: use Deno 2.9.3, or a peer ` +
        "with protocol: connect";
      return Promise.reject(new AppError("fetch_refused", text));
    },
    trailers: { ok: false, reason },
  };
}

import { listenOnEdge } from "./edge.ts";
import { type DenoApi, listenWithDenoServe } from "./deno-serve.ts";
import { fetchWithClient } from "./deno-fetch.ts";
import { exchangeOverFetch } from "./fetch-exchange.ts";
import { exchangeOverHttp2 } from "./http2-exchange.ts";
import type { Runtime } from "./runtime.ts";

/** Versions whose node:http2 a peer's GOAWAY can crash (denoland/deno#36788). */
const BROKEN_HTTP2: ReadonlySet<string> = new Set(["2.9.4", "2.9.5", "2.9.6"]);

/**
 * Deno: the same edge as on Node where its node:http2 is sound, since only that carries the trailers of native
 * gRPC; else its own server, which has none and no client certificates.
 */
export function denoRuntime(deno: DenoApi): Runtime {
  const { crypto } = globalThis;
  const identifiedFetch: Runtime["identifiedFetch"] = (identity, ca) =>
    fetchWithClient(deno, { identity, ca });
  const version = deno.version.deno;
  if (!BROKEN_HTTP2.has(version)) {
    return {
      name: "deno",
      crypto,
      listen: listenOnEdge,
      exchange: exchangeOverHttp2,
      identifiedFetch,
      trailers: { ok: true },
    };
  }
  const reason =
    `native gRPC is off: node:http2 of Deno ${version} can crash (denoland/deno#36788); use Deno 2.9.3`;
  return {
    name: "deno",
    crypto,
    listen: (handler, options) => listenWithDenoServe(deno, handler, options),
    exchange: exchangeOverFetch(deno),
    identifiedFetch,
    trailers: { ok: false, reason },
  };
}

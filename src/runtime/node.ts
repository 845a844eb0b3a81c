import * as threadCrypto from "@peculiar/webcrypto";
import { listenOnEdge } from "./edge.ts";
import { exchangeOverHttp2 } from "./http2-exchange.ts";
import type { Runtime } from "./runtime.ts";

// Its ES module lacks the mark of one, so some loaders hand it out below "default".
const { default: nested } = threadCrypto as unknown as { readonly default?: typeof threadCrypto };
const { Crypto: ThreadCrypto } = nested ?? threadCrypto;

/** Node: one edge for everything; digests without a hop between threads. */
export function nodeRuntime(): Runtime {
  return {
    name: "node",
    crypto: { signatures: globalThis.crypto, digests: new ThreadCrypto() },
    listen: listenOnEdge,
    exchange: exchangeOverHttp2,
    trailers: { ok: true },
  };
}

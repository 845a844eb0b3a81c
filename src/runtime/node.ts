import * as peculiar from "@peculiar/webcrypto";
import { listenOnEdge } from "./edge.ts";
import { exchangeOverHttp2 } from "./http2-exchange.ts";
import { routedCrypto } from "./routed-crypto.ts";
import type { Runtime } from "./runtime.ts";
import { threadCrypto } from "./thread-crypto.ts";

// Its ES module lacks the mark of one, so some loaders hand it out below "default".
const { default: nested } = peculiar as unknown as { readonly default?: typeof peculiar };
const { Crypto: PeculiarCrypto } = nested ?? peculiar;

/** Node: one edge for everything; small cryptographic operations without a hop between threads. */
export function nodeRuntime(): Runtime {
  return {
    name: "node",
    crypto: threadCrypto(routedCrypto(globalThis.crypto, new PeculiarCrypto())),
    listen: listenOnEdge,
    exchange: exchangeOverHttp2,
    trailers: { ok: true },
  };
}

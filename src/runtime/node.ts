import * as peculiar from "@peculiar/webcrypto";
import { listenOnEdge } from "./edge.ts";
import { exchangeOverHttp2 } from "./http2-exchange.ts";
import { routedCrypto } from "./routed-crypto.ts";
import type { Runtime } from "./runtime.ts";
import { threadCrypto } from "./thread-crypto.ts";

// The package's ES module is not marked as one, so some loaders expose it under "default".
const { default: nested } = peculiar as unknown as { readonly default?: typeof peculiar };
const { Crypto: PeculiarCrypto } = nested ?? peculiar;

/** Node: one edge for all protocols, and small cryptographic operations without a hop between threads. */
export function nodeRuntime(): Runtime {
  return {
    name: "node",
    crypto: threadCrypto(routedCrypto(globalThis.crypto, new PeculiarCrypto())),
    listen: listenOnEdge,
    exchange: exchangeOverHttp2,
    trailers: { ok: true },
  };
}

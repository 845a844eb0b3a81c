import { Crypto as PeculiarCrypto } from "@peculiar/webcrypto";
import type { CryptoProviders } from "../../src/runtime/runtime.ts";
import { threadCrypto } from "../../src/runtime/thread-crypto.ts";

const native: Crypto = globalThis.crypto;

/** Whether this is Deno: there the native provider does everything, and the others are not meant to run. */
const isDeno: boolean = "Deno" in globalThis;

/** The implementations of the Web Cryptography API that must be interchangeable in this runtime. */
export const CRYPTOS: readonly { readonly name: string; readonly crypto: Crypto }[] = isDeno
  ? [{ name: "native", crypto: native }]
  : [
    { name: "native", crypto: native },
    { name: "@peculiar/webcrypto", crypto: peculiar() },
    { name: "this thread over native", crypto: threadCrypto(native) },
    { name: "this thread over @peculiar/webcrypto", crypto: threadCrypto(peculiar()) },
  ];

/** The same implementation for both jobs. */
export function both(crypto: Crypto): CryptoProviders {
  return { signatures: crypto, digests: crypto };
}

/** Providers for tests that are not about them. */
export const NATIVE: CryptoProviders = both(native);

function peculiar(): Crypto {
  return new PeculiarCrypto();
}

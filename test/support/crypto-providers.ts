import { Crypto as PeculiarCrypto } from "@peculiar/webcrypto";
import { routedCrypto } from "../../src/runtime/routed-crypto.ts";
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
    { name: "@peculiar/webcrypto and native", crypto: routedCrypto(native, peculiar()) },
  ];

/** For tests that are not about it. */
export const NATIVE: Crypto = native;

function peculiar(): Crypto {
  return new PeculiarCrypto();
}

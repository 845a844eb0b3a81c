import { isObject, nameOf, overlay } from "./crypto-overlay.ts";

/** Algorithms with operations so small that a hop to another thread costs more than the work. */
const SMALL = /^(?:SHA-|HMAC$|AES-)/i;

/** The index of the argument that selects the implementation: the key if there is one, otherwise the algorithm. */
const DECIDING_ARGUMENT = {
  digest: 0,
  generateKey: 0,
  importKey: 2,
  exportKey: 1,
  sign: 1,
  verify: 1,
  encrypt: 1,
  decrypt: 1,
  deriveBits: 1,
  deriveKey: 1,
  wrapKey: 2,
  unwrapKey: 2,
} as const satisfies Readonly<Record<string, number>>;

/**
 * Combines two `Crypto` implementations. `small` works on the calling thread and does hashes, MACs, AES and random
 * bytes; `native` does everything else, above all ECDSA. A key is used by the implementation that created it, whatever
 * its algorithm: an AES key derived from a native key stays native. Wrapping a key of one implementation with a key of
 * the other is refused by the implementation that is called.
 */
export function routedCrypto(native: Crypto, small: Crypto): Crypto {
  const routed = Object.entries(DECIDING_ARGUMENT).map(([name, position]) => {
    const operations = [operation(native.subtle, name), operation(small.subtle, name)] as const;
    const route = (...args: readonly unknown[]) =>
      operations[isSmall(args[position]) ? 1 : 0](args);
    return [name, route] as const;
  });
  return overlay(native, {
    subtle: overlay(native.subtle, Object.fromEntries(routed)),
    getRandomValues: small.getRandomValues.bind(small),
  });
}

type Operation = (args: readonly unknown[]) => unknown;

function operation(subtle: SubtleCrypto, name: string): Operation {
  const method: unknown = Reflect.get(subtle, name);
  if (typeof method !== "function") throw new TypeError(`SubtleCrypto lacks ${name}`);
  return (args) => Reflect.apply(method, subtle, args);
}

function isSmall(deciding: unknown): boolean {
  if (deciding instanceof CryptoKey) return false;
  const isForeignKey = isObject(deciding) && "usages" in deciding;
  return isForeignKey || SMALL.test(nameOf(deciding));
}

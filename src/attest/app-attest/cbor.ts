import { decode, decodeFirst } from "cborg";

/** CBOR (RFC 8949) as App Attest may use it: definite lengths, shortest forms, no key twice. */
const STRICT = {
  strict: true,
  allowIndefinite: false,
  allowUndefined: false,
  allowInfinity: false,
  allowNaN: false,
  rejectDuplicateMapKeys: true,
  useMaps: true,
} as const;

/** A map by its keys, which may be of any type. */
export type CborMap = ReadonlyMap<unknown, unknown>;

/** The map that all of the bytes are; undefined for anything else. */
export function decodeMap(bytes: Uint8Array): CborMap | undefined {
  return attempt(() => asMap(decode(bytes, STRICT)));
}

/** The map that bytes begin with, and what follows it; undefined when they begin with anything else. */
export function decodeFirstMap(
  bytes: Uint8Array,
): { readonly map: CborMap; readonly rest: Uint8Array } | undefined {
  return attempt(() => {
    const [first, rest] = decodeFirst(bytes, STRICT);
    const map = asMap(first);
    return map === undefined ? undefined : { map, rest };
  });
}

/** The bytes at a key; undefined when there are none. */
export function bytesAt(map: CborMap, key: string): Uint8Array | undefined {
  const value = map.get(key);
  return value instanceof Uint8Array ? value : undefined;
}

/** A value as a map. */
export function asMap(value: unknown): CborMap | undefined {
  return value instanceof Map ? value : undefined;
}

/** Whatever the decoder throws means that the bytes are not ours to read: thousands of levels overflow its stack. */
function attempt<T>(read: () => T | undefined): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

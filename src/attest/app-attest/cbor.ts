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

/** An attestation nests three levels. */
const MAX_DEPTH = 8;

/** A map by its keys, which may be of any type. */
export type CborMap = ReadonlyMap<unknown, unknown>;

/** The map that all of the bytes are; undefined for anything else. */
export function decodeMap(bytes: Uint8Array): CborMap | undefined {
  return isShallow(bytes) ? attempt(() => asMap(decode(bytes, STRICT))) : undefined;
}

/** The map that bytes begin with, and what follows it; undefined when they begin with anything else. */
export function decodeFirstMap(
  bytes: Uint8Array,
): { readonly map: CborMap; readonly rest: Uint8Array } | undefined {
  if (!isShallow(bytes)) return undefined;
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

/** Whatever the decoder throws means that the bytes are not ours to read. */
function attempt<T>(read: () => T | undefined): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}

const BYTES = 2;
const TEXT = 3;
/** How many items are inside of one, by its major type: an array, a map, a tag. */
const INSIDE: Readonly<Record<number, (argument: number) => number>> = {
  4: (argument) => argument,
  5: (argument) => 2 * argument,
  6: () => 1,
};

/**
 * Whether the item that bytes begin with nests {@link MAX_DEPTH} levels at most: the decoder calls itself for each, and
 * how many it survives depends on the thread. What is malformed is left to the decoder.
 */
function isShallow(bytes: Uint8Array): boolean {
  /** Items that are still to come, level by level. */
  const open: number[] = [1];
  for (let at = 0; at < bytes.length && open.length > 0;) {
    const head = headAt(bytes, at);
    if (head === undefined) return true;
    const { major, argument, end } = head;
    at = end + (major === BYTES || major === TEXT ? argument : 0);
    open.push((open.pop() ?? 0) - 1);
    const inside = INSIDE[major]?.(argument) ?? 0;
    if (inside > 0) open.push(inside);
    if (open.length > 1 + MAX_DEPTH) return false;
    while (open.at(-1) === 0) open.pop();
  }
  return true;
}

/** The head of an item (RFC 8949, 3); undefined when it is cut off, indefinite or reserved. */
function headAt(
  bytes: Uint8Array,
  at: number,
): { readonly major: number; readonly argument: number; readonly end: number } | undefined {
  const initial = bytes[at] ?? 0;
  const info = initial & 0x1f;
  const size = info < 24 ? 0 : 1 << (info - 24);
  const end = at + 1 + size;
  if (info > 27 || end > bytes.length) return undefined;
  const argument = size === 0
    ? info
    : bytes.subarray(at + 1, end).reduce((sum, byte) => sum * 256 + byte, 0);
  return { major: initial >> 5, argument, end };
}

/** A strict reader of DER (ITU-T X.690): definite lengths in their shortest form, tags of one byte. */

/**
 * An element: it starts at `from`, and its content is from `start` to `end`. Offsets into the bytes it was read from.
 */
export type DerElement = {
  readonly tag: number;
  readonly from: number;
  readonly start: number;
  readonly end: number;
};

/** Tags of the universal class. */
export const derTag = {
  boolean: 0x01,
  integer: 0x02,
  bitString: 0x03,
  octetString: 0x04,
  oid: 0x06,
  utcTime: 0x17,
  generalizedTime: 0x18,
  sequence: 0x30,
} as const;

const LONG_TAG = 0x1f;
/** Lengths of up to 16 MiB. */
const MAX_LENGTH_BYTES = 3;

/** Reads the element at `from` that ends at or before `limit`; undefined when there is none. */
export function derElement(
  bytes: Uint8Array,
  from: number,
  limit: number = bytes.length,
): DerElement | undefined {
  const tag = bytes[from];
  const first = bytes[from + 1];
  if (tag === undefined || first === undefined) return undefined;
  if ((tag & LONG_TAG) === LONG_TAG) return undefined;
  const lengthBytes = first < 0x80 ? 0 : first - 0x80;
  if (first === 0x80 || lengthBytes > MAX_LENGTH_BYTES) return undefined;
  const start = from + 2 + lengthBytes;
  if (start > limit) return undefined;
  let length = lengthBytes === 0 ? first : 0;
  for (let at = from + 2; at < start; at++) length = length * 256 + (bytes[at] ?? 0);
  // A length in long form has no leading zero and does not fit the short form.
  if (lengthBytes > 0 && (bytes[from + 2] === 0 || length < 0x80)) return undefined;
  return start + length > limit ? undefined : { tag, from, start, end: start + length };
}

/** Reads an element's content as elements; undefined when it is anything else or has bytes left over. */
export function derChildren(
  bytes: Uint8Array,
  { start, end }: DerElement,
): readonly DerElement[] | undefined {
  const children: DerElement[] = [];
  for (let at = start; at < end;) {
    const child = derElement(bytes, at, end);
    if (child === undefined) return undefined;
    children.push(child);
    at = child.end;
  }
  return children;
}

/**
 * The dotted text of an OBJECT IDENTIFIER's content; undefined when it is empty, truncated or has an arc of over 31
 * bits.
 */
export function derOid(content: Uint8Array): string | undefined {
  const arcs: number[] = [];
  let arc = 0;
  for (const byte of content) {
    if (arc >= 2 ** 24 || (arc === 0 && byte === 0x80)) return undefined;
    arc = arc * 128 + (byte & 0x7f);
    if (byte >= 0x80) continue;
    arcs.push(arc);
    arc = 0;
  }
  const [first, ...rest] = arcs;
  if (first === undefined || (content.at(-1) ?? 0) >= 0x80) return undefined;
  const root = Math.min(Math.floor(first / 40), 2);
  return [root, first - 40 * root, ...rest].join(".");
}

/** The dotted text of the OBJECT IDENTIFIER at the start of an element's content, as in an AlgorithmIdentifier. */
export function derOidAt(bytes: Uint8Array, { start, end }: DerElement): string | undefined {
  const first = derElement(bytes, start, end);
  return first?.tag === derTag.oid ? derOid(bytes.subarray(first.start, first.end)) : undefined;
}

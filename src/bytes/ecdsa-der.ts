/**
 * ECDSA P-256 signatures in two forms: r ‖ s of 64 bytes (IEEE P1363, used by WebCrypto and key managers) and DER of
 * ECDSA-Sig-Value (RFC 3279 section 2.2.3, read by phones).
 */

/** The size of r, and of s, in bytes. */
const SCALAR_BYTES = 32;
/** The size of r ‖ s in bytes. */
export const SIGNATURE_BYTES: number = 2 * SCALAR_BYTES;
/** A SEQUENCE of two INTEGERs, each with its head and a leading zero. */
const LONGEST_DER = 2 + 2 * (2 + 1 + SCALAR_BYTES);

/** Encodes r ‖ s as strict DER with minimal integers. Throws RangeError unless it is 64 bytes. */
export function encodeDer(signature: Uint8Array): Uint8Array<ArrayBuffer> {
  if (signature.length !== SIGNATURE_BYTES) {
    throw new RangeError(`a P-256 signature has ${SIGNATURE_BYTES} bytes, not ${signature.length}`);
  }
  const der = new Uint8Array(LONGEST_DER);
  der[0] = 0x30;
  const end = putInteger(der, putInteger(der, 2, signature, 0), signature, SCALAR_BYTES);
  der[1] = end - 2;
  return der.subarray(0, end);
}

/** Writes the scalar that starts at `from` of `signature` as an INTEGER at `at`. Returns the next offset. */
function putInteger(der: Uint8Array, at: number, signature: Uint8Array, from: number): number {
  const end = from + SCALAR_BYTES;
  while (from < end - 1 && signature[from] === 0) from++;
  const sign = (signature[from] ?? 0) >= 0x80 ? 1 : 0;
  der[at] = 0x02;
  der[at + 1] = sign + end - from;
  let to = at + 2 + sign;
  while (from < end) der[to++] = signature[from++] ?? 0;
  return to;
}

/**
 * A decoded DER signature; undefined if it has no clear meaning. `oddity` names a deviation from strict DER that leaves
 * the meaning clear.
 */
export type DerSignature = {
  readonly signature: Uint8Array<ArrayBuffer>;
  readonly oddity?: string;
};

/** Decodes DER of r and s leniently: see {@link DerSignature}. */
export function decodeDer(der: Uint8Array): DerSignature | undefined {
  const oddities: string[] = [];
  const sequence = element(der, 0, 0x30, oddities);
  if (sequence === undefined) return undefined;
  if (sequence.end !== der.length) oddities.push("bytes after the SEQUENCE");
  const inside = der.subarray(0, sequence.end);
  const r = element(inside, sequence.start, 0x02, oddities);
  const s = r && element(inside, r.end, 0x02, oddities);
  if (r === undefined || s === undefined) return undefined;
  if (s.end !== sequence.end) oddities.push("bytes after s");
  const signature = new Uint8Array(SIGNATURE_BYTES);
  for (const [{ start, end }, at] of [[r, 0], [s, SCALAR_BYTES]] as const) {
    const scalar = magnitude(inside.subarray(start, end), oddities);
    if (scalar === undefined) return undefined;
    signature.set(scalar, at + SCALAR_BYTES - scalar.length);
  }
  const oddity = oddities[0];
  return oddity === undefined ? { signature } : { signature, oddity };
}

type Span = { readonly start: number; readonly end: number };

/** The content of the element with this tag at `at`. */
function element(bytes: Uint8Array, at: number, tag: number, oddities: string[]): Span | undefined {
  const first = bytes[at + 1];
  if (bytes[at] !== tag || first === undefined) return undefined;
  let start = at + 2;
  let length = first;
  if (first >= 0x80) {
    if (first > 0x82 || first === 0x80) return undefined;
    oddities.push("a length in long form");
    length = 0;
    for (let rest = first & 0x7f; rest > 0; rest--) length = length * 256 + (bytes[start++] ?? 0);
  }
  return start + length > bytes.length ? undefined : { start, end: start + length };
}

/** An INTEGER's value without leading zeros, when it fits a scalar. */
function magnitude(integer: Uint8Array, oddities: string[]): Uint8Array | undefined {
  if (integer.length === 0) return undefined;
  if ((integer[0] ?? 0) >= 0x80) oddities.push("a negative INTEGER");
  if (integer.length > 1 && integer[0] === 0 && (integer[1] ?? 0) < 0x80) {
    oddities.push("an INTEGER with needless zeros");
  }
  let from = 0;
  while (from < integer.length - 1 && integer[from] === 0) from++;
  const value = integer.subarray(from);
  return value.length > SCALAR_BYTES ? undefined : value;
}

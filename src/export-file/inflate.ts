import { Inflate } from "fflate";
import { accept, type Outcome, refuse } from "../errors.ts";
import { yieldToEventLoop } from "./yield-to-event-loop.ts";

/** Compressed bytes expanded at once, into at most 1032 times as many; the event loop is blocked meanwhile. */
const SLICE_BYTES = 8 * 1024;

/**
 * Expands raw deflate (RFC 1951) to exactly `size` bytes; one byte more or less is `malformed_file`. Whatever the data
 * says, it never holds more than one array of `size` bytes and the expansion of one slice.
 */
export async function inflateRaw(
  compressed: Uint8Array,
  size: number,
): Promise<Outcome<Uint8Array<ArrayBuffer>>> {
  const expanded = new Uint8Array(size);
  let length = 0;
  const inflate = new Inflate((chunk) => {
    if (length + chunk.length <= size) expanded.set(chunk, length);
    length += chunk.length;
  });
  for (let from = 0; from < compressed.length; from += SLICE_BYTES) {
    if (from > 0) await yieldToEventLoop();
    const end = from + SLICE_BYTES;
    try {
      inflate.push(compressed.subarray(from, end), end >= compressed.length);
    } catch {
      return refuse("malformed_file", `is not deflated data after ${length} expanded bytes`);
    }
    if (length > size) {
      return refuse("malformed_file", `expands to more than the ${size} bytes that it states`);
    }
  }
  if (length === size) return accept(expanded);
  return refuse("malformed_file", `expands to ${length} bytes and states ${size}`);
}

import { readBounded } from "../../src/bounds/read.ts";
import { type Outcome, refuse } from "../../src/errors.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * Unpacks gzip, at most `maxBytes`, counted while unpacking: more is `body_too_large`, anything but gzip
 * `invalid_argument`.
 */
export async function gunzipBounded(packed: Bytes, maxBytes: number): Promise<Outcome<Bytes>> {
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  try {
    const unpacked = await readBounded(stream, { maxBytes });
    return unpacked.ok ? unpacked : refuse(unpacked.code, `${unpacked.message} when unpacked`);
  } catch {
    return refuse("invalid_argument", "not valid gzip");
  }
}

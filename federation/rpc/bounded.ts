import { type Outcome, refuse } from "../../src/errors.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * All bytes of a stream, at most `maxBytes` of them: one more is `body_too_large`, and the rest is not read.
 * A stream that breaks rejects.
 */
export async function readBounded(
  stream: ReadableStream<Uint8Array> | null,
  maxBytes: number,
): Promise<Outcome<Bytes>> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  if (stream === null) return { ok: true, value: new Uint8Array(0) };
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return { ok: true, value: joined(chunks, size) };
    size += value.byteLength;
    if (size > maxBytes) {
      reader.cancel().catch(() => {});
      return refuse("body_too_large", `more than ${maxBytes} bytes`);
    }
    chunks.push(value);
  }
}

/**
 * Unpacks gzip, at most `maxBytes`, counted while unpacking: more is `body_too_large`, anything but gzip
 * `invalid_argument`.
 */
export async function gunzipBounded(packed: Bytes, maxBytes: number): Promise<Outcome<Bytes>> {
  const stream = new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip"));
  try {
    const unpacked = await readBounded(stream, maxBytes);
    return unpacked.ok ? unpacked : refuse(unpacked.code, `${unpacked.message} when unpacked`);
  } catch {
    return refuse("invalid_argument", "not valid gzip");
  }
}

function joined(chunks: readonly Uint8Array[], size: number): Bytes {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

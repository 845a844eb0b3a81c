/** Reads a stream up to a number of bytes. */

import { accept, type Outcome, type Refusal, refuse } from "../errors.ts";
import { untilAborted, within } from "./deadline.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A web stream of bytes, limited to the parts whose types agree in Node, Deno and the DOM. */
export type ByteStream = {
  getReader(): {
    read(): Promise<
      { readonly done: false; readonly value: Uint8Array } | { readonly done: true }
    >;
    cancel(): Promise<void>;
  };
};

/** Bounds for reading a stream: size and time. */
export type ReadBounds = {
  readonly maxBytes: number;
  /** Reading rejects with its reason as soon as it is aborted, even if the stream ignores it. */
  readonly signal?: AbortSignal;
  /** Time limit for the whole stream in milliseconds, after which reading rejects with a `TimeoutError`. */
  readonly timeoutMs?: number;
  /** The same for each chunk. */
  readonly chunkTimeoutMs?: number;
  /**
   * What to do with a stream that is not read to its end. `cancel` (default) stops its source without waiting for
   * it. `leave` leaves that to the stream's owner, such as the server of a request.
   */
  readonly rest?: "cancel" | "leave";
};

/** Reads at most `maxBytes` of a stream, and reports whether that is all of it. Rejects when the stream breaks. */
export async function readUpTo(
  stream: ByteStream | null,
  bounds: ReadBounds,
): Promise<{ readonly bytes: Bytes; readonly complete: boolean }> {
  const { chunks, size } = await collect(stream, bounds);
  const bytes = joined(chunks, Math.min(size, bounds.maxBytes));
  return { bytes, complete: size <= bounds.maxBytes };
}

/** Reads a whole stream. Throws `tooLarge` (default `body_too_large`) beyond `maxBytes`; rejects when it breaks. */
export async function readBounded(
  stream: ByteStream | null,
  bounds: ReadBounds & { readonly tooLarge?: () => Refusal },
): Promise<Outcome<Bytes>> {
  const { maxBytes, tooLarge = () => refuse("body_too_large", `more than ${maxBytes} bytes`) } =
    bounds;
  const { chunks, size } = await collect(stream, bounds);
  return size > maxBytes ? tooLarge() : accept(joined(chunks, size));
}

/** Reads chunks until the end or the first byte beyond the limit. */
async function collect(
  stream: ByteStream | null,
  { maxBytes, signal, timeoutMs, chunkTimeoutMs, rest = "cancel" }: ReadBounds,
): Promise<{ readonly chunks: readonly Uint8Array[]; readonly size: number }> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  let done = stream === null;
  let stopped = false;
  const reader = stream?.getReader();
  const readAll = async (): Promise<void> => {
    while (reader !== undefined && size <= maxBytes && !stopped) {
      const chunk = await timed(chunkTimeoutMs, () => reader.read());
      done = chunk.done;
      if (chunk.done) return;
      chunks.push(chunk.value);
      size += chunk.value.byteLength;
    }
  };
  try {
    const reading = () => timed(timeoutMs, readAll);
    await (signal === undefined ? reading() : untilAborted(signal, reading));
    return { chunks, size };
  } finally {
    stopped = true;
    // Not awaited: the other side may be silent.
    if (!done && rest === "cancel") reader?.cancel().catch(() => {});
  }
}

function timed<T>(timeoutMs: number | undefined, start: () => Promise<T>): Promise<T> {
  return timeoutMs === undefined ? start() : within(timeoutMs, start);
}

function joined(chunks: readonly Uint8Array[], size: number): Bytes {
  const bytes = new Uint8Array(size);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk.subarray(0, size - at), at);
    at += Math.min(chunk.byteLength, size - at);
  }
  return bytes;
}

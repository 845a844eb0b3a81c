/** Reading a stream up to a number of bytes. */

import { accept, type Outcome, type Refusal, refuse } from "../errors.ts";
import { untilAborted, within } from "./deadline.ts";

type Bytes = Uint8Array<ArrayBuffer>;

/** A web stream of bytes; only these parts, in which the types of Node, Deno and the DOM agree. */
export type ByteStream = {
  getReader(): {
    read(): Promise<
      { readonly done: false; readonly value: Uint8Array } | { readonly done: true }
    >;
    cancel(): Promise<void>;
  };
};

/** How much of a stream is read, and for how long. */
export type ReadBounds = {
  readonly maxBytes: number;
  /** Reading rejects with its reason as soon as it is aborted, even when the stream ignores it. */
  readonly signal?: AbortSignal;
  /** Longest time for all of it, in milliseconds; then reading rejects with a `TimeoutError`. */
  readonly timeoutMs?: number;
  /** The same for each chunk. */
  readonly chunkTimeoutMs?: number;
  /**
   * What happens to a stream that is not read to its end. `cancel` (default) stops its source, without waiting for
   * it; `leave` is for a stream whose owner decides, such as a server's request.
   */
  readonly rest?: "cancel" | "leave";
};

/** The first `maxBytes` of a stream, and whether that is all of it. Rejects when the stream breaks. */
export async function readUpTo(
  stream: ByteStream | null,
  bounds: ReadBounds,
): Promise<{ readonly bytes: Bytes; readonly complete: boolean }> {
  const { chunks, size } = await collect(stream, bounds);
  const bytes = joined(chunks, Math.min(size, bounds.maxBytes));
  return { bytes, complete: size <= bounds.maxBytes };
}

/** All of a stream; `tooLarge` (default `body_too_large`) when it has more than `maxBytes`. Rejects when it breaks. */
export async function readBounded(
  stream: ByteStream | null,
  bounds: ReadBounds & { readonly tooLarge?: () => Refusal },
): Promise<Outcome<Bytes>> {
  const { maxBytes, tooLarge = () => refuse("body_too_large", `more than ${maxBytes} bytes`) } =
    bounds;
  const { chunks, size } = await collect(stream, bounds);
  return size > maxBytes ? tooLarge() : accept(joined(chunks, size));
}

/** Chunks until the end or the first byte too many. */
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

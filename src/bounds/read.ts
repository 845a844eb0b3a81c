/** Waiting and reading with an end: by a signal, or by a number of bytes. */

/** At most `limit` bytes, and whether there were more. */
export async function readUpTo(
  from: Pick<Body, "body">,
  limit: number,
  signal: AbortSignal,
): Promise<{ readonly bytes: Uint8Array<ArrayBuffer>; readonly more: boolean }> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  const reader = from.body?.getReader();
  while (reader !== undefined && size <= limit) {
    const part = await within(signal, () => reader.read());
    if (part.done) break;
    chunks.push(part.value);
    size += part.value.length;
  }
  const more = size > limit;
  const bytes = new Uint8Array(Math.min(size, limit));
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk.subarray(0, bytes.length - at), at);
    at = Math.min(at + chunk.length, bytes.length);
  }
  return { bytes, more };
}

/** What `start` gives, or a rejection as soon as the signal fires: not everything that is waited for listens to it. */
export async function within<T>(signal: AbortSignal, start: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([start(), aborted]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

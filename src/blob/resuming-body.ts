/** A download that resumes where it was interrupted. */

import { within } from "../bounds/deadline.ts";
import { AppError } from "../errors.ts";
import type { ByteRange } from "./blob.ts";
import { backOffMs, type HttpOptions } from "./retrying-fetch.ts";

/** Opens the blob again at a range, with its own retries. An `AppError` that it throws is final. */
export type Reopen = (range: ByteRange) => Promise<ReadableStream<Uint8Array>>;

/**
 * Streams exactly the bytes of `range`; `first` is the stream that is already open. When a stream fails, stalls or ends
 * early, it is opened again at the offset reached, up to `attempts` times without a byte in between; then the reader
 * gets `failure(error)`. Chunks pass through as they arrive, so the bounded reader, which collects them, does not fit.
 */
export function resumingBody(
  first: ReadableStream<Uint8Array>,
  range: ByteRange,
  reopen: Reopen,
  options: HttpOptions,
  failure: (error: unknown) => Error,
): ReadableStream<Uint8Array> {
  let reader: ReadableStreamDefaultReader<Uint8Array> | undefined = first.getReader();
  let at = range.start;
  let failed = 0;

  async function next(): Promise<Uint8Array> {
    reader ??= (await reopen({ start: at, end: range.end })).getReader();
    const current = reader;
    const { done, value } = await within(options.timeoutMs, () => current.read());
    if (done) throw new Error("the response ended early");
    // Some servers send more than requested.
    return value.subarray(0, range.end - at);
  }

  function drop(): void {
    // Not awaited: the other side may be silent.
    void reader?.cancel().catch(() => {});
    reader = undefined;
  }

  return new ReadableStream<Uint8Array>({
    async pull(controller) {
      while (at < range.end) {
        try {
          const chunk = await next();
          at += chunk.length;
          failed = 0;
          if (chunk.length === 0) continue;
          controller.enqueue(chunk);
          if (at < range.end) return;
        } catch (error) {
          drop();
          if (error instanceof AppError) return controller.error(error);
          if (++failed >= options.attempts) return controller.error(failure(error));
          await options.delay(backOffMs(failed, options.random));
        }
      }
      drop();
      controller.close();
    },
    cancel: drop,
  });
}

/** HTTP requests that are retried after time-outs, 429 and 5xx, with exponential back-off and full jitter. */

import { startDeadline, TimeoutError, untilAborted } from "../bounds/deadline.ts";

/** The dependencies of a request; a test can replace each of them. */
export type HttpOptions = {
  readonly fetch: typeof fetch;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly delay: (ms: number) => Promise<void>;
  /** Limit for the response head, on top of the time allowed for the upload, and for each chunk of the body. */
  readonly timeoutMs: number;
  /** The most attempts per request. */
  readonly attempts: number;
};

/** A request in the form that `fetch` takes, built and signed again for each attempt. */
export type Prepared = { readonly url: URL; readonly init: RequestInit };

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 10_000;

/** The slowest connection that large uploads are given time for: 64 bytes/ms, or 512 kbit/s. */
const SLOWEST_UPLOAD_BYTES_PER_MS = 64;

const RETRIED: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/** Full jitter: uniform between 0 and a bound that doubles with each failed attempt (1, 2, …), up to 10 s. */
export function backOffMs(failed: number, random: () => number): number {
  return random() * Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (failed - 1));
}

/**
 * Returns the first response that is not retried, or the last attempt's. Does not follow redirects, so no signature
 * reaches another server. Throws the last attempt's error if it got no response. Once `stop` is aborted, throws its
 * reason without another attempt.
 */
export async function retryingFetch(
  prepare: () => Promise<Prepared>,
  options: HttpOptions,
  stop?: AbortSignal,
): Promise<Response> {
  for (let attempt = 1;; attempt++) {
    stop?.throwIfAborted();
    const { url, init } = await prepare();
    const last = attempt >= options.attempts;
    const bytes = init.body instanceof Uint8Array ? init.body.length : 0;
    const timeoutMs = options.timeoutMs + bytes / SLOWEST_UPLOAD_BYTES_PER_MS;
    const deadline = startDeadline(timeoutMs, { late: () => new TimeoutError(timeoutMs) });
    try {
      const signal = stop === undefined
        ? deadline.signal
        : AbortSignal.any([deadline.signal, stop]);
      const response = await untilAborted(
        deadline.signal,
        () => options.fetch(url, { ...init, redirect: "manual", signal }),
      );
      if (last || !RETRIED.has(response.status)) return response;
      // Not awaited: the other side may be silent.
      void response.body?.cancel().catch(() => {});
    } catch (error) {
      if (last || stop?.aborted) throw error;
    } finally {
      deadline.end();
    }
    await options.delay(backOffMs(attempt, options.random));
  }
}

/** HTTP requests that outlast a server's bad moments: time-outs, 429 and 5xx, with exponential back-off and full jitter. */

import { startDeadline, TimeoutError, untilAborted } from "../bounds/deadline.ts";

/** What requests need from outside; every part can be replaced in a test. */
export type HttpOptions = {
  readonly fetch: typeof fetch;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly delay: (ms: number) => Promise<void>;
  /** For the head of an answer, on top of the time that an upload may take, and for each piece of its body. */
  readonly timeoutMs: number;
  /** How often a request is made at most. */
  readonly attempts: number;
};

/** A request in the form that `fetch` takes, made anew (and signed anew) for each attempt. */
export type Prepared = { readonly url: URL; readonly init: RequestInit };

const FIRST_DELAY_MS = 100;
const LONGEST_DELAY_MS = 10_000;

/** The slowest line that large uploads get through: 64 bytes a millisecond are 512 kbit/s. */
const SLOWEST_UPLOAD_BYTES_PER_MS = 64;

const RETRIED: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/** Full jitter: uniform between nothing and a bound that doubles with each failed attempt (1, 2, …), up to 10 s. */
export function backOffMs(failed: number, random: () => number): number {
  return random() * Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (failed - 1));
}

/**
 * The first answer that is not to be retried, or the last attempt's. Redirects are not followed, so that no
 * signature goes elsewhere. Throws what the last attempt threw when it got no answer; once `stop` is aborted, its
 * reason, without another attempt.
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

/** Small requests to the services of a cloud: bounded in size, time and number of attempts. */

import { backOffMs, type HttpOptions, type Prepared } from "../blob/retrying-fetch.ts";
import { startDeadline, TimeoutError, untilAborted } from "../bounds/deadline.ts";
import { readUpTo } from "../bounds/read.ts";

/** An answer, whole. */
export type ServiceAnswer = {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** How far this machine's clock is ahead of the service's; absent when the answer tells no time. */
  readonly secondsAhead?: number;
};

/** A request, and how its answers are read. */
export type ServiceRequest = {
  /** Addresses and signs; called for each attempt, so that renewed credentials are taken up. */
  readonly prepare: () => Promise<Prepared>;
  /** Whether an answer asks to come again later; 408, 429 and 5xx always do. */
  readonly isThrottled?: (answer: ServiceAnswer) => boolean;
  /** Asked about answers until it says yes: our credentials were dropped, so the same request may succeed now. */
  readonly renewed?: (answer: ServiceAnswer) => boolean;
};

/** Largest answer: a token, a wrapped key, a list of key versions. */
const MAX_ANSWER_BYTES = 1024 * 1024;
/** The longest wait that a service may ask for with Retry-After. */
const LONGEST_RETRY_AFTER_MS = 5_000;

const RETRIED: ReadonlySet<number> = new Set([408, 429, 500, 502, 503, 504]);

/** What the real world uses: three attempts of four seconds each at most. */
export const CLOUD_HTTP: HttpOptions = {
  fetch: (input, init) => fetch(input, init),
  now: () => Date.now(),
  random: () => Math.random(),
  delay: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  timeoutMs: 4_000,
  attempts: 3,
};

/**
 * The first answer that is not to be retried, or the last attempt's. Redirects are not followed, so that no
 * credential goes elsewhere. Throws what the last attempt threw when there was no whole answer.
 */
export async function callService(
  request: ServiceRequest,
  options: HttpOptions,
): Promise<ServiceAnswer> {
  let renewed = false;
  for (let attempt = 1;; attempt++) {
    const last = attempt >= options.attempts;
    const prepared = await request.prepare();
    let waitMs = backOffMs(attempt, options.random);
    try {
      const answer = await once(prepared, options);
      if (last) return answer;
      if (!renewed && request.renewed?.(answer)) {
        renewed = true;
        continue;
      }
      const retried = RETRIED.has(answer.status) || request.isThrottled?.(answer) === true;
      if (!retried) return answer;
      waitMs = Math.max(waitMs, retryAfterMs(answer));
    } catch (error) {
      if (last) throw error;
    }
    await options.delay(waitMs);
  }
}

async function once({ url, init }: Prepared, options: HttpOptions): Promise<ServiceAnswer> {
  const { timeoutMs } = options;
  const deadline = startDeadline(timeoutMs, { late: () => new TimeoutError(timeoutMs) });
  try {
    const { signal } = deadline;
    const response = await untilAborted(
      signal,
      () => options.fetch(url, { ...init, redirect: "manual", signal }),
    );
    const bounds = { maxBytes: MAX_ANSWER_BYTES, signal };
    const { bytes, complete } = await readUpTo(response.body, bounds);
    if (!complete) throw new Error(`the answer has more than ${MAX_ANSWER_BYTES} bytes`);
    const text = new TextDecoder().decode(bytes);
    const { status, headers } = response;
    const ahead = Math.round((options.now() - Date.parse(headers.get("date") ?? "")) / 1000);
    return { status, headers, text, ...(Number.isNaN(ahead) ? {} : { secondsAhead: ahead }) };
  } finally {
    deadline.end();
  }
}

function retryAfterMs({ headers }: ServiceAnswer): number {
  const seconds = headers.get("retry-after") ?? "";
  return /^\d{1,6}$/.test(seconds) ? Math.min(LONGEST_RETRY_AFTER_MS, Number(seconds) * 1000) : 0;
}

/** The JSON of an answer; undefined when it is none. */
export function jsonOf({ text }: ServiceAnswer): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

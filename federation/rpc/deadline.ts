import { accept, AppError, type Outcome, refuse } from "../../src/errors.ts";

/** Milliseconds a unit of `grpc-timeout`. */
const UNITS: Readonly<Record<string, number>> = {
  H: 3_600_000,
  M: 60_000,
  S: 1_000,
  m: 1,
  u: 1e-3,
  n: 1e-6,
};

/**
 * How long the caller will wait, in whole milliseconds, rounded up; undefined when it does not say.
 * `grpc-timeout` is up to 8 digits and a unit, `connect-timeout-ms` up to 10 digits; anything else is
 * `invalid_argument`.
 */
export function timeoutOf(headers: Headers): Outcome<number | undefined> {
  const grpc = headers.get("grpc-timeout");
  if (grpc !== null) {
    const [, digits, unit] = /^(\d{1,8})([HMSmun])$/.exec(grpc) ?? [];
    const factor = UNITS[unit ?? ""];
    if (digits === undefined || factor === undefined) {
      return refuse(
        "invalid_argument",
        "grpc-timeout must be up to 8 digits and one of H M S m u n",
      );
    }
    return accept(Math.ceil(Number(digits) * factor));
  }
  const connect = headers.get("connect-timeout-ms");
  if (connect === null) return accept(undefined);
  if (!/^\d{1,10}$/.test(connect)) {
    return refuse("invalid_argument", "connect-timeout-ms must be up to 10 digits");
  }
  return accept(Number(connect));
}

/** A time limit; `end` gives its timer back. */
export type Deadline = { readonly signal: AbortSignal; end(): void };

/**
 * Aborts after `timeoutMs` with `deadline_exceeded`, or with `canceled` when `canceled` is aborted first.
 * (AbortSignal.any with AbortSignal.timeout leaks on Node 20 while the time-out is pending.)
 */
export function startDeadline(timeoutMs: number, canceled?: AbortSignal): Deadline {
  const controller = new AbortController();
  const expire = () => controller.abort(new AppError("deadline_exceeded"));
  const cancel = () => controller.abort(new AppError("canceled"));
  const timer = timeoutMs > 0 ? setTimeout(expire, timeoutMs) : undefined;
  canceled?.addEventListener("abort", cancel, { once: true });
  if (canceled?.aborted) cancel();
  else if (timeoutMs <= 0) expire();
  return {
    signal: controller.signal,
    end() {
      clearTimeout(timer);
      canceled?.removeEventListener("abort", cancel);
    },
  };
}

/** What `work` gives, or a rejection with the signal's reason as soon as it is aborted. */
export async function untilAborted<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    if (signal.aborted) stop();
    else signal.addEventListener("abort", stop, { once: true });
  });
  // What comes second is nobody's any more.
  work.catch(() => {});
  try {
    return await Promise.race([aborted, work]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

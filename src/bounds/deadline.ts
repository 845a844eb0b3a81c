/** Waiting with an end. */

import { AppError, type ErrorCode } from "../errors.ts";

/** A time limit on some work. */
export type Deadline = {
  /** Aborted when the time is over or the work is canceled; its reason is an `AppError`. */
  readonly signal: AbortSignal;
  /** Aborts now, with `canceled`. */
  cancel(): void;
  /** Frees the timer and the listeners; the signal stays as it is. Call it when the work has ended. */
  end(): void;
};

/** What else ends a {@link Deadline}. */
export type DeadlineOptions = {
  /** Aborts with `canceled` as soon as one of these is aborted, whatever its reason. */
  readonly canceledBy?: readonly (AbortSignal | undefined)[];
  /** The code when the time is over. Default `deadline_exceeded`. */
  readonly lateCode?: ErrorCode;
};

/**
 * Starts a time limit of `timeoutMs` milliseconds. 0 or less is over at once; undefined sets no limit, so that only
 * cancellation ends the work. (AbortSignal.any with AbortSignal.timeout leaks on Node 20 while the timeout is pending.)
 */
export function startDeadline(
  timeoutMs: number | undefined,
  { canceledBy = [], lateCode = "deadline_exceeded" }: DeadlineOptions = {},
): Deadline {
  const controller = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const end = (): void => {
    clearTimeout(timer);
    for (const source of canceledBy) source?.removeEventListener("abort", cancel);
  };
  const abort = (code: ErrorCode): void => {
    end();
    controller.abort(new AppError(code));
  };
  const cancel = (): void => abort("canceled");
  if (canceledBy.some((source) => source?.aborted)) cancel();
  else if (timeoutMs !== undefined && timeoutMs <= 0) abort(lateCode);
  else {
    for (const source of canceledBy) source?.addEventListener("abort", cancel, { once: true });
    if (timeoutMs !== undefined) timer = setTimeout(() => abort(lateCode), timeoutMs);
  }
  return { signal: controller.signal, cancel, end };
}

/**
 * Resolves to what `start` gives, or rejects with the signal's reason as soon as it is aborted, even when the work
 * ignores the signal. Starts nothing when the signal is aborted already.
 */
export async function untilAborted<T>(signal: AbortSignal, start: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  let stop = () => {};
  const aborted = new Promise<never>((_, reject) => {
    stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
  });
  try {
    return await Promise.race([aborted, start()]);
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/**
 * Resolves to what `work` gives. If that takes longer than `timeoutMs` milliseconds, aborts the signal that `work`
 * was handed and answers with `late()`; without it, rejects with an Error that names the time.
 */
export async function within<T, L = never>(
  timeoutMs: number,
  work: (signal: AbortSignal) => Promise<T>,
  late: () => L = () => {
    throw new Error(`no answer within ${timeoutMs} ms`);
  },
): Promise<T | L> {
  const { signal, end } = startDeadline(timeoutMs);
  try {
    return await untilAborted(signal, () => work(signal));
  } catch (error) {
    if (!signal.aborted) throw error;
    return late();
  } finally {
    end();
  }
}

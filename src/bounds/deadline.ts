/** Waiting with a time limit. */

import { setMaxListeners } from "node:events";
import { AppError } from "../errors.ts";

/** A time limit on some work. */
export type Deadline = {
  /** Aborted when the time is over or the work is canceled. */
  readonly signal: AbortSignal;
  /** Aborts now, with `canceled`. */
  cancel(): void;
  /** Frees the timer and the listeners, and leaves the signal unchanged. Call it when the work has ended. */
  end(): void;
};

/** Further ways to end a {@link Deadline}. */
export type DeadlineOptions = {
  /** Aborts with `canceled` as soon as one of these is aborted, whatever its reason. */
  readonly canceledBy?: readonly (AbortSignal | undefined)[];
  /** The reason when the time is over. Default: an `AppError` `deadline_exceeded`. */
  readonly late?: () => Error;
};

/**
 * Starts a time limit of `timeoutMs` milliseconds. 0 or less ends at once; undefined sets no limit, so only
 * cancellation ends the work. (AbortSignal.any with AbortSignal.timeout leaks on Node 20 while the timeout is pending.)
 */
export function startDeadline(
  timeoutMs: number | undefined,
  { canceledBy = [], late = () => new AppError("deadline_exceeded") }: DeadlineOptions = {},
): Deadline {
  const controller = new AbortController();
  let timer: ReturnType<typeof setTimeout> | undefined;
  const end = (): void => {
    clearTimeout(timer);
    for (const source of canceledBy) source?.removeEventListener("abort", cancel);
  };
  const abort = (reason: Error): void => {
    end();
    controller.abort(reason);
  };
  const cancel = (): void => abort(new AppError("canceled"));
  if (canceledBy.some((source) => source?.aborted)) cancel();
  else if (timeoutMs !== undefined && timeoutMs <= 0) abort(late());
  else {
    for (const source of canceledBy) {
      if (source === undefined) continue;
      // Any number of waits may share a signal, but Node warns of a leak at the eleventh listener.
      setMaxListeners(0, source);
      source.addEventListener("abort", cancel, { once: true });
    }
    if (timeoutMs !== undefined) timer = setTimeout(() => abort(late()), timeoutMs);
  }
  return { signal: controller.signal, cancel, end };
}

/** Something exceeded its time limit. */
export class TimeoutError extends Error {
  constructor(timeoutMs: number) {
    super(`no answer within ${timeoutMs} ms`);
    this.name = "TimeoutError";
  }
}

/** Resolves after `ms` milliseconds. Rejects with the signal's reason as soon as that is aborted. */
export async function pause(ms: number, signal: AbortSignal): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    await untilAborted(
      signal,
      () => new Promise<void>((resolve) => timer = setTimeout(resolve, ms)),
    );
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Resolves to the result of `start`, or rejects with the signal's reason as soon as it is aborted, even if the work
 * ignores the signal. Starts nothing if the signal is already aborted.
 */
export async function untilAborted<T>(signal: AbortSignal, start: () => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  return await race<T, never>(start, (_, reject) => {
    const stop = () => reject(signal.reason);
    signal.addEventListener("abort", stop, { once: true });
    return () => signal.removeEventListener("abort", stop);
  });
}

/**
 * Resolves to the result of `start`, or to the result of `late` if that takes longer than `timeoutMs` milliseconds.
 * Without `late`, rejects with a {@link TimeoutError}. Does not stop the work, which has no signal because creating one
 * takes half as long as reading a small body.
 */
export function within<T, L = never>(
  timeoutMs: number,
  start: () => Promise<T>,
  late?: () => L,
): Promise<T | L> {
  return race<T, L>(start, (resolve, reject) => {
    const timer = setTimeout(
      () => late === undefined ? reject(new TimeoutError(timeoutMs)) : resolve(late()),
      timeoutMs,
    );
    return () => clearTimeout(timer);
  });
}

/** Settles like `start`, unless `arm` settles first; `arm` returns a function that disarms it. */
async function race<T, L>(
  start: () => Promise<T>,
  arm: (resolve: (value: L) => void, reject: (reason: unknown) => void) => () => void,
): Promise<T | L> {
  let disarm = () => {};
  const interrupted = new Promise<L>((resolve, reject) => {
    disarm = arm(resolve, reject);
  });
  try {
    return await Promise.race([interrupted, start()]);
  } finally {
    disarm();
  }
}

import { places } from "./places.ts";

/** Runs work as soon as a place is free. Rejects with the signal's reason when that is aborted before. */
export type Semaphore = <T>(signal: AbortSignal, work: () => Promise<T>) => Promise<T>;

/** Lets at most `count` work at a time; the others wait in order. */
export function semaphore(count: number): Semaphore {
  const { enter } = places(count);
  return async (signal, work) => {
    const leave = await enter(signal);
    try {
      signal.throwIfAborted();
      return await work();
    } finally {
      leave?.();
    }
  };
}

import { setImmediate } from "node:timers/promises";

/** Lets other work on this thread run. Long loops over a file call it every millisecond or so. */
export function yieldToEventLoop(): Promise<void> {
  return setImmediate();
}

/** Keys handled between two calls. */
export const KEYS_PER_YIELD = 1024;
/** Bytes handled between two calls. */
export const BYTES_PER_YIELD: number = 256 * 1024;

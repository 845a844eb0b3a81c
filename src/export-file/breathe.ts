import { setImmediate } from "node:timers/promises";

/** Lets the event loop serve whoever waits; long loops over a file call it every millisecond or so. */
export function breathe(): Promise<void> {
  return setImmediate();
}

/** Keys handled between two breaths. */
export const KEYS_A_BREATH = 1024;
/** Bytes handled between two breaths. */
export const BYTES_A_BREATH: number = 256 * 1024;

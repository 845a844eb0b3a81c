import type { Clocks } from "../../src/store/clocks.ts";

/** For tests whose database has a clock of its own: nothing is compared, and the process's clock is ahead of all. */
export const TRUSTED_CLOCKS: Clocks = {
  compare: () => () => undefined,
  newest: () => undefined,
  processSeconds: () => Number.MAX_SAFE_INTEGER,
};

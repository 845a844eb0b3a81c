/** HTTP options for tests: no waiting between attempts; how long it would have been is kept. */

import type { HttpOptions } from "../../../src/blob/retrying-fetch.ts";

/** Options with `changes`, and the delays asked for, in milliseconds. */
export function testHttp(
  changes: Partial<HttpOptions> = {},
): { readonly http: HttpOptions; readonly delays: number[] } {
  const delays: number[] = [];
  const delay = (ms: number): Promise<void> => {
    delays.push(ms);
    return Promise.resolve();
  };
  const { now } = Date;
  const http = { fetch, now, random: () => 0.5, delay, timeoutMs: 10_000, attempts: 4, ...changes };
  return { http, delays };
}

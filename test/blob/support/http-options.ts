/** HTTP options for tests: attempts follow at once, and the delays are recorded. */

import type { HttpOptions } from "../../../src/blob/retrying-fetch.ts";

/** Options with `changes`, and the requested delays in milliseconds. */
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

/** Reading the bodies of other servers' answers within bounds. */

import { readUpTo } from "../bounds/read.ts";

/**
 * The first `maxBytes` of the body, and whether that was all of it. The rest is not read. Each piece must come within
 * `timeoutMs`.
 */
export async function readAtMost(
  response: Response,
  maxBytes: number,
  timeoutMs: number,
): Promise<{ readonly text: string; readonly complete: boolean }> {
  const bounds = { maxBytes, chunkTimeoutMs: timeoutMs };
  const { bytes, complete } = await readUpTo(response.body, bounds);
  return { text: new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes), complete };
}

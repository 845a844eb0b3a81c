/** Reads response bodies from other servers within bounds. */

import { readUpTo } from "../bounds/read.ts";

/**
 * Reads at most `maxBytes` of the body, and reports whether that was all of it. Each chunk must arrive within
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

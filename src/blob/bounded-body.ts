/** Reading the bodies of other servers' answers within bounds. */

import { within } from "./retrying-fetch.ts";

/**
 * The first `maxBytes` of the body, and whether that was all of it. The rest is not read. Each piece must come within
 * `timeoutMs`.
 */
export async function readAtMost(
  response: Response,
  maxBytes: number,
  timeoutMs: number,
): Promise<{ readonly text: string; readonly complete: boolean }> {
  const reader = response.body?.getReader();
  if (reader === undefined) return { text: "", complete: true };
  const chunks: Uint8Array[] = [];
  let left = maxBytes;
  try {
    while (left >= 0) {
      const { done, value } = await within(timeoutMs, () => reader.read());
      if (done) return { text: Buffer.concat(chunks).toString("utf8"), complete: true };
      chunks.push(value.subarray(0, left));
      left -= value.length;
    }
    return { text: Buffer.concat(chunks).toString("utf8"), complete: false };
  } finally {
    // Not awaited: the other side may be silent.
    void reader.cancel().catch(() => {});
  }
}

import { encodeBase64 } from "../bytes/base64.ts";
import { KEY_BYTES } from "../model/exposure.ts";
import { dayAt, INTERVALS_PER_DAY } from "../model/interval.ts";
import type { TekFileKey } from "./tek-file.ts";

const DAYS = 14;

/** Random keys of whole UTC days, the last of which is over at `end` (UTC seconds); of each of 14 days in turn. */
export function randomKeys(
  count: number,
  end: number,
  random: (length: number) => Uint8Array,
): readonly TekFileKey[] {
  const today = dayAt(end);
  return Array.from({ length: count }, (_, index) => {
    const bytes = random(KEY_BYTES);
    const daysAgo = 1 + index % DAYS;
    return {
      key: encodeBase64(bytes),
      bytes,
      rollingStartNumber: Math.max(1, (today - daysAgo) * INTERVALS_PER_DAY),
      rollingPeriod: INTERVALS_PER_DAY,
      transmissionRisk: 4,
      reportType: "confirmed",
      daysSinceOnset: 2 - daysAgo % 5,
    };
  });
}

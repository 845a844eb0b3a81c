import { KEY_BYTES, type Tek } from "../model/exposure.ts";
import type { Seconds } from "../model/ids.ts";
import { intervalAt, INTERVALS_PER_DAY } from "../model/interval.ts";

/** Returns this many bytes from a cryptographically secure source. */
export type RandomBytes = (count: number) => Uint8Array<ArrayBuffer>;

/** The TEKs that a phone has. */
export type TekSpan = {
  readonly now: Seconds;
  /** UTC days before today, 0 or more. */
  readonly days: number;
  /** Whether to include today's TEK, cut at the current interval as phones do when they release it early. */
  readonly today: boolean;
};

/** The TEKs of a phone, one per UTC day, oldest first. In the first interval of a day there is none for that day. */
export function makeTeks({ now, days, today }: TekSpan, random: RandomBytes): readonly Tek[] {
  const current = intervalAt(now);
  const midnight = current - (current % INTERVALS_PER_DAY);
  const teks: Tek[] = [];
  for (let daysAgo = days; daysAgo >= 1; daysAgo--) {
    teks.push({
      key: random(KEY_BYTES),
      intervalNumber: midnight - daysAgo * INTERVALS_PER_DAY,
      intervalCount: INTERVALS_PER_DAY,
    });
  }
  if (today && current > midnight) {
    teks.push({
      key: random(KEY_BYTES),
      intervalNumber: midnight,
      intervalCount: current - midnight,
    });
  }
  return teks;
}

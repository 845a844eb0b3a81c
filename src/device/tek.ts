import { KEY_BYTES, type Tek } from "../model/exposure.ts";
import type { Seconds } from "../model/ids.ts";
import { intervalAt, INTERVALS_PER_DAY } from "../model/interval.ts";

/** That many bytes from a cryptographically secure source. */
export type RandomBytes = (count: number) => Uint8Array<ArrayBuffer>;

/** Which TEKs a phone has. */
export type TekSpan = {
  readonly now: Seconds;
  /** UTC days before today, 0 or more. */
  readonly days: number;
  /** Whether today's is among them, cut at the current interval as phones do when they hand it out early. */
  readonly today: boolean;
};

/** The TEKs that a phone made, one a UTC day, oldest first. In the first interval of a day it has none of today. */
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

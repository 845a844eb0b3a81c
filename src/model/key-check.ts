import { type IntervalSpan, KEY_BYTES, MAX_TRANSMISSION_RISK } from "./exposure.ts";
import { asSeconds, type IntervalNumber, type Seconds } from "./ids.ts";
import { INTERVAL_SECONDS, intervalAt, INTERVALS_PER_DAY } from "./interval.ts";

/** One TEK as an app sent it. */
export type SentKey = IntervalSpan & {
  /** Bytes of the decoded key; undefined when it is no base64. */
  readonly keyBytes: number | undefined;
  readonly transmissionRisk: number;
};

/** The first second in which a TEK is no longer valid. */
export function validUntil(intervalNumber: number, intervalCount: number): Seconds {
  return ((intervalNumber + intervalCount) * INTERVAL_SECONDS) as Seconds;
}

/**
 * The interval in which a TEK must end, or later, to be taken at `now`. Counted in whole intervals, as every deployed
 * server counts: a TEK that ended in the same interval `maxAgeSeconds` ago is still taken.
 */
export function oldestEnd(now: number, maxAgeSeconds: number): IntervalNumber {
  return intervalAt(asSeconds(now - maxAgeSeconds));
}

/** Whether a TEK ended before {@link oldestEnd}. */
export function isTooOld(span: IntervalSpan, now: number, maxAgeSeconds: number): boolean {
  return span.intervalNumber + span.intervalCount < oldestEnd(now, maxAgeSeconds);
}

/** Why one TEK is refused, without the TEK; undefined when it is not. `maxAgeSeconds`: MAX_INTERVAL_AGE_ON_PUBLISH. */
export function keyFault(sent: SentKey, now: Seconds, maxAgeSeconds: number): string | undefined {
  const { keyBytes, intervalNumber, intervalCount, transmissionRisk } = sent;
  if (keyBytes !== KEY_BYTES) return `key must be base64 of ${KEY_BYTES} bytes`;
  if (intervalCount < 1 || intervalCount > INTERVALS_PER_DAY) {
    return `rollingPeriod ${intervalCount} must be 1 to ${INTERVALS_PER_DAY}`;
  }
  if (transmissionRisk < 0 || transmissionRisk > MAX_TRANSMISSION_RISK) {
    return `transmissionRisk ${transmissionRisk} must be 0 to ${MAX_TRANSMISSION_RISK}`;
  }
  const current = intervalAt(now);
  if (intervalNumber > current) {
    return `rollingStartNumber ${intervalNumber} lies in the future: the current interval is ${current}`;
  }
  if (isTooOld(sent, now, maxAgeSeconds)) {
    const end = intervalNumber + intervalCount;
    return `too old: valid until interval ${end}, must be ${
      oldestEnd(now, maxAgeSeconds)
    } or later`;
  }
  return undefined;
}

/** A key's place in a set: its span of intervals, and by which index the app knows it. */
export type SetMember = IntervalSpan & {
  readonly index: number;
  /** The key in a form that can be compared, such as hex; never part of a message. */
  readonly id: string;
};

/** What is wrong with a set; `index` is the first key that does not go with those before it. */
export type SetFault = { readonly index: number; readonly reason: string };

/**
 * Why a set of TEKs cannot be those of one phone; undefined when it can. Keys with the same start interval may
 * overlap, at most `maxSameStart` of them (MAX_SAME_START_INTERVAL_KEYS); no other overlap, and no key twice.
 */
export function keySetFault(
  members: readonly SetMember[],
  maxSameStart: number,
): SetFault | undefined {
  return repeatedKey(members) ?? overlap(members, maxSameStart);
}

function repeatedKey(members: readonly SetMember[]): SetFault | undefined {
  const seen = new Map<string, number>();
  for (const { id, index } of members) {
    const first = seen.get(id);
    if (first !== undefined) return { index, reason: `key ${index} is the same as key ${first}` };
    seen.set(id, index);
  }
  return undefined;
}

function overlap(members: readonly SetMember[], maxSameStart: number): SetFault | undefined {
  const sorted = [...members].sort((a, b) => a.intervalNumber - b.intervalNumber);
  let start = -Infinity;
  let end = -Infinity;
  let sameStart = 0;
  for (const { index, intervalNumber, intervalCount } of sorted) {
    if (intervalNumber === start) {
      sameStart++;
    } else {
      if (intervalNumber < end) {
        const reason =
          `key ${index} starts at interval ${intervalNumber}, before the end ${end} of a key that starts at ${start}: keys that overlap must start at the same interval`;
        return { index, reason };
      }
      start = intervalNumber;
      sameStart = 1;
    }
    if (sameStart > maxSameStart) {
      const reason = `more than ${maxSameStart} keys start at interval ${intervalNumber}`;
      return { index, reason };
    }
    end = Math.max(end, intervalNumber + intervalCount);
  }
  return undefined;
}

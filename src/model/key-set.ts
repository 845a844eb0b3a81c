import type { IntervalSpan } from "./exposure.ts";

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

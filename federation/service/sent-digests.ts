import { recentMap } from "../../src/bounds/recent.ts";
import type { DayDigest, Selection } from "../../src/model/feed.ts";
import { asWindow, type Window } from "../../src/model/ids.ts";
import { DAY_SECONDS, dayAt } from "../../src/model/interval.ts";
import { mergedDigests } from "../digest.ts";

/** Digests of the feed from the database. */
export type DigestStore = {
  /** Of what went out in windows within [from, until), per UTC day of the keys. */
  digests(selection: Selection, from: Window, until: Window): Promise<readonly DayDigest[]>;
};

/** What a peer was sent. */
export type SentDigests = {
  /** Of the windows that end at `closedThrough` or earlier, for the keys of days in [fromDay, untilDay). */
  digests(
    selection: Selection,
    closedThrough: Window,
    fromDay: number,
    untilDay: number,
    /** Ends the work between two statements. */
    signal: AbortSignal,
  ): Promise<readonly DayDigest[]>;
};

const MAX_KEPT = 2000;
/** A revision may add a region to a key that went by, so nothing is kept for ever. */
const KEPT_SECONDS = 6 * 3600;

/**
 * Digests per UTC day of the keys. They are computed per UTC day in which the keys went out, and those of days that
 * are over are kept, so that only the last day is computed again.
 */
export function sentDigests(store: DigestStore): SentDigests {
  const kept = recentMap<string, Promise<readonly DayDigest[]>>({ maxSize: MAX_KEPT });

  const ofSentDay = (selection: Selection, day: number, closedThrough: Window) => {
    const from = asWindow(day * DAY_SECONDS);
    const until = asWindow((day + 1) * DAY_SECONDS);
    if (until > closedThrough) return store.digests(selection, from, closedThrough);
    const name = JSON.stringify([day, selection, Math.floor(closedThrough / KEPT_SECONDS)]);
    return kept.getOrCreate(name, () => {
      const found = store.digests(selection, from, until);
      found.catch(() => kept.delete(name));
      return found;
    });
  };

  return {
    digests: async (selection, closedThrough, fromDay, untilDay, signal) => {
      const found: DayDigest[] = [];
      // A key goes out after its day has begun.
      for (let sent = fromDay; sent <= dayAt(closedThrough); sent++) {
        signal.throwIfAborted();
        const digests = await ofSentDay(selection, sent, closedThrough);
        found.push(...digests.filter(({ day }) => day >= fromDay && day < untilDay));
      }
      return mergedDigests(found);
    },
  };
}

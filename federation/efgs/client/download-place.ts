import { DAY_SECONDS, dayAt } from "../../../src/model/interval.ts";
import type { PeerCursors } from "../../../src/model/peer-sync.ts";

/** The batch that was taken last, and the one after it as far as it is known. */
export type DownloadPlace = {
  readonly tag: string;
  /** UTC day since the epoch. */
  readonly day: number;
  readonly nextTag?: string;
};

/** What to ask for: a batch by its tag, or the first one from a day on. */
export type DownloadQuestion = {
  readonly day: number;
  readonly tag?: string;
  /** The batch was taken already: only what follows it is of interest. */
  readonly onlyNext: boolean;
};

/** A place as it is kept with every peer's: the batch under `keys`, the next one under `revised`. */
export function placeOf({ keys, revised }: PeerCursors): DownloadPlace | undefined {
  if (keys.nextToken === "") return undefined;
  return {
    tag: keys.nextToken,
    day: dayAt(keys.timestamp),
    ...(revised.nextToken === "" ? {} : { nextTag: revised.nextToken }),
  };
}

/** As {@link placeOf} reads it. */
export function cursorsOfPlace({ tag, day, nextTag }: DownloadPlace): PeerCursors {
  const timestamp = day * DAY_SECONDS;
  return {
    keys: { timestamp, nextToken: tag },
    revised: { timestamp, nextToken: nextTag ?? "" },
  };
}

/** The day in a tag such as `20261129-3`; undefined for other tags. */
export function dayOfTag(tag: string): number | undefined {
  const digits = /^(\d{4})(\d{2})(\d{2})-\d+$/.exec(tag);
  if (digits === null) return undefined;
  const time = Date.parse(`${digits[1]}-${digits[2]}-${digits[3]}T00:00:00Z`);
  return Number.isNaN(time) ? undefined : dayAt(time / 1000);
}

/** A day as gateways write it. */
export function dateText(day: number): string {
  return new Date(day * DAY_SECONDS * 1000).toISOString().slice(0, 10);
}

/** Where to go on from a place. `firstDay`: the first day whose batches the gateway still has. */
export function nextQuestion(
  place: DownloadPlace | undefined,
  today: number,
  firstDay: number,
): DownloadQuestion {
  if (place === undefined) return { day: firstDay, onlyNext: false };
  const { tag, nextTag } = place;
  const asked = nextTag ?? tag;
  const day = dayOfTag(asked) ?? Math.min(today - 1, place.day);
  return { day, tag: asked, onlyNext: nextTag === undefined };
}

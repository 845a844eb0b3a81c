import type { Seconds } from "../model/ids.ts";
import { INTERVAL_SECONDS, secondsOfInterval } from "../model/interval.ts";
import { RPI_BYTES, rpiAt } from "./rpi.ts";
import type { Tek } from "../model/exposure.ts";
import type { RandomBytes } from "./tek.ts";

/** An RPI that a phone received, and when. */
export type Sighting = {
  /** 16 bytes. */
  readonly rpi: Uint8Array;
  readonly heardAt: Seconds;
};

/** An encounter of two phones, as the receiving phone recorded it. */
export type Encounter = {
  /** The first second of the first interval. */
  readonly from: Seconds;
  /** One per interval. */
  readonly sightings: readonly Sighting[];
};

/**
 * What another phone receives in `intervals` successive intervals near a phone with this TEK: one RPI per interval, at
 * a random second of it. The start within the TEK's period is random; a shorter period shortens the encounter.
 */
export function simulateEncounter(tek: Tek, intervals: number, random: RandomBytes): Encounter {
  const length = Math.min(intervals, tek.intervalCount);
  const first = tek.intervalNumber + below(tek.intervalCount - length + 1, random);
  const sightings = Array.from({ length }, (_, index): Sighting => ({
    rpi: rpiAt(tek, first + index),
    heardAt: (secondsOfInterval(first + index) + below(INTERVAL_SECONDS, random)) as Seconds,
  }));
  return { from: secondsOfInterval(first), sightings };
}

/** RPIs of phones whose users never publish, received around the time of the encounter. */
export function simulateStrangers(
  count: number,
  { from }: Pick<Encounter, "from">,
  random: RandomBytes,
): readonly Sighting[] {
  return Array.from({ length: count }, (): Sighting => ({
    rpi: random(RPI_BYTES),
    heardAt: (from + below(INTERVAL_SECONDS, random)) as Seconds,
  }));
}

/** A whole number from 0 to `limit` − 1; `limit` is far below 2^24, so the bias of the remainder is negligible. */
function below(limit: number, random: RandomBytes): number {
  const [a = 0, b = 0, c = 0, d = 0] = random(4);
  return (a * 0x1000000 + ((b << 16) | (c << 8) | d)) % limit;
}

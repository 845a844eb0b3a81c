import { yieldToEventLoop } from "../export-file/yield-to-event-loop.ts";
import { intervalAt } from "../model/interval.ts";
import { KEY_BYTES, type Tek } from "../model/exposure.ts";
import type { Sighting } from "./encounter.ts";
import { rollingProximityIdentifiers, RPI_BYTES } from "./rpi.ts";

/** A published key whose RPIs were received. */
export type KeyMatch<K extends Tek> = {
  readonly key: K;
  /** Indices of the sightings that are its RPIs, ascending. */
  readonly sightings: readonly number[];
};

/** An RPI counts up to two hours before and after its interval, since clocks differ (specification 1.2). */
const TOLERANCE_INTERVALS = 12;
/** The longest life of a TEK, so that a file which claims more does not cost more. */
const MAX_INTERVALS = 144;
/** Keys derived before yielding to the event loop: a few milliseconds. */
const KEYS_PER_YIELD = 128;

type Heard = { readonly index: number; readonly rpi: Uint8Array; readonly interval: number };

/** An index of the RPIs that a phone received. */
export class SightingTable {
  /** By the first four bytes. */
  readonly #heard = new Map<number, Heard[]>();
  readonly #first: number;
  readonly #last: number;

  constructor(sightings: readonly Sighting[]) {
    let first = Infinity;
    let last = -Infinity;
    for (const [index, { rpi, heardAt }] of sightings.entries()) {
      if (rpi.length !== RPI_BYTES) continue;
      const interval = intervalAt(heardAt);
      first = Math.min(first, interval);
      last = Math.max(last, interval);
      const prefix = viewOf(rpi).getUint32(0);
      const others = this.#heard.get(prefix);
      if (others === undefined) this.#heard.set(prefix, [{ index, rpi, interval }]);
      else others.push({ index, rpi, interval });
    }
    this.#first = first - TOLERANCE_INTERVALS;
    this.#last = last + TOLERANCE_INTERVALS;
  }

  /** Whether the phone received anything in the key's period; only then is it worth deriving the RPIs. */
  covers({ key, intervalNumber, intervalCount }: Tek): boolean {
    return key.length === KEY_BYTES && intervalNumber >= 0 &&
      intervalNumber <= this.#last && intervalNumber + intervalCount > this.#first;
  }

  /** Indices of the sightings that are RPIs of the key, ascending. */
  sightingsOf({ key, intervalNumber, intervalCount }: Tek): readonly number[] {
    const from = Math.max(intervalNumber, this.#first);
    const end = Math.min(intervalNumber + Math.min(intervalCount, MAX_INTERVALS), this.#last + 1);
    if (!(from < end)) return [];
    const rpis = rollingProximityIdentifiers(key, from, end - from);
    const view = viewOf(rpis);
    const found: number[] = [];
    for (let at = 0; at < rpis.length; at += RPI_BYTES) {
      const candidates = this.#heard.get(view.getUint32(at));
      if (candidates === undefined) continue;
      const interval = from + at / RPI_BYTES;
      for (const { index, rpi, interval: heard } of candidates) {
        if (Math.abs(heard - interval) > TOLERANCE_INTERVALS) continue;
        if (rpi.every((byte, offset) => byte === rpis[at + offset])) found.push(index);
      }
    }
    return found.sort((a, b) => a - b);
  }
}

/** Returns the keys whose RPIs were received, in their order, without blocking the event loop. */
export async function matchKeys<K extends Tek>(
  keys: Iterable<K>,
  table: SightingTable,
): Promise<readonly KeyMatch<K>[]> {
  const matches: KeyMatch<K>[] = [];
  let derived = 0;
  let skipped = 0;
  for (const key of keys) {
    if (!table.covers(key)) {
      if (++skipped % 8192 === 0) await yieldToEventLoop();
      continue;
    }
    if (++derived % KEYS_PER_YIELD === 0) await yieldToEventLoop();
    const sightings = table.sightingsOf(key);
    if (sightings.length > 0) matches.push({ key, sightings });
  }
  return matches;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

import { INTERVALS_PER_DAY } from "../model/interval.ts";
import { simulateEncounter, simulateStrangers } from "./encounter.ts";
import type { DeviceState } from "./state.ts";
import type { Tek } from "../model/exposure.ts";
import type { RandomBytes } from "./tek.ts";

/** Half an hour (three intervals), among many strangers. */
const ENCOUNTER_INTERVALS = 3;
const STRANGERS = 200;

/**
 * Simulates another phone that met the one with these TEKs: on the UTC day `day` (days since the epoch) or the nearest
 * day with a TEK, else on any day. RPIs of strangers are mixed in. Without TEKs there is no encounter.
 */
export function meet(
  known: Pick<DeviceState, "healthAuthorityId" | "teks" | "revisionToken">,
  day: number | undefined,
  random: RandomBytes,
): DeviceState {
  const [byte = 0] = random(1);
  const distance = ({ intervalNumber }: Tek): number =>
    Math.abs(Math.floor(intervalNumber / INTERVALS_PER_DAY) - (day ?? 0));
  const tek = day === undefined
    ? known.teks[byte % known.teks.length]
    : known.teks.toSorted((a, b) => distance(a) - distance(b))[0];
  if (tek === undefined) return { ...known, sightings: [], encounters: [] };
  const encounter = simulateEncounter(tek, ENCOUNTER_INTERVALS, random);
  const strangers = simulateStrangers(STRANGERS, encounter, random);
  return {
    ...known,
    sightings: [...encounter.sightings, ...strangers].sort((a, b) => a.heardAt - b.heardAt),
    encounters: [{ from: encounter.from, rpis: encounter.sightings.length }],
  };
}

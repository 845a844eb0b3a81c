import { MAX_WIRE_DSOS } from "../../src/model/exposure.ts";

/** What a number says of the onset of symptoms. */
export type DecodedDsos = {
  /** Days since onset to store, −14 to 14. */
  readonly daysSinceOnset: number;
  /** Whether somebody told the day of the onset; if not, it is an estimate. */
  readonly told: boolean;
};

/** Kinds whose number is a base and the days since the submission; `shift` leads to days since the likely onset. */
const SUBMISSION_KINDS = [
  { base: 2000, shift: 3 },
  { base: 3000, shift: 0 },
  { base: 4000, shift: 3 },
] as const;
const LONGEST_RANGE = 19;
const UNKNOWN_WHETHER = 4000;

/**
 * Days since onset in a number of the European gateway, which has five dialects: −14…14 counts from the onset;
 * 100n + o from the last day of a range of n days, of which the middle is taken; 2000 + o (symptoms, onset unknown),
 * 3000 + o (no symptoms) and 4000 + o (unknown whether) from the submission. Undefined for numbers that say nothing
 * and for days beyond −14…14. Sources: dpppt-backend-sdk-interops, EfgsDsosFilter; cwa-server, derivation maps.
 */
export function decodeDsos(value: number): DecodedDsos | undefined {
  if (Math.abs(value) <= MAX_WIRE_DSOS) return { daysSinceOnset: value, told: true };
  for (const { base, shift } of SUBMISSION_KINDS) {
    if (Math.abs(value - base) <= MAX_WIRE_DSOS) return estimate(value - base + shift);
  }
  const days = Math.floor((value + 19) / 100);
  const offset = value - 100 * days;
  if (days < 1 || days > LONGEST_RANGE || Math.abs(offset) > MAX_WIRE_DSOS) return undefined;
  return estimate(offset + Math.floor(days / 2));
}

function estimate(daysSinceOnset: number): DecodedDsos | undefined {
  return Math.abs(daysSinceOnset) <= MAX_WIRE_DSOS ? { daysSinceOnset, told: false } : undefined;
}

/**
 * The number for a key of ours. An onset that nobody told never goes out as known: the number then says "unknown
 * whether there are symptoms" and counts from the submission. `submissionDay` and `keyDay`: UTC days since the epoch.
 */
export function encodeDsos(
  onset: { readonly daysSinceOnset?: number | undefined; readonly told: boolean },
  keyDay: number,
  submissionDay: number,
): number {
  const { daysSinceOnset, told } = onset;
  if (told && daysSinceOnset !== undefined && Math.abs(daysSinceOnset) <= MAX_WIRE_DSOS) {
    return daysSinceOnset;
  }
  return UNKNOWN_WHETHER + Math.min(0, Math.max(-MAX_WIRE_DSOS, keyDay - submissionDay));
}

import { hash } from "node:crypto";
import { MAX_WIRE_DSOS } from "../src/model/exposure.ts";
import type { DayDigest } from "../src/model/feed.ts";
import { dayOfInterval } from "../src/model/interval.ts";
import type { ReceivedKey } from "./policy/acceptance.ts";

/** Bytes of a digest: SHA-256. */
export const DIGEST_BYTES = 32;
const NUMBERS = 6;
const NO_ONSET = 127;
const TRAVELER = 1;
const REVISED = 2;

/**
 * SHA-256 of key ‖ interval number ‖ interval count ‖ transmission risk ‖ report type ‖ DSOS (127: none) ‖ flags
 * (traveler 1, revised 2), each number as four bytes, big endian. Regions are left out: each side has its own. The
 * function federation_digest of the database computes the same.
 */
export function wireDigest(key: ReceivedKey, revised: boolean): Uint8Array {
  const { daysSinceOnset } = key;
  const known = daysSinceOnset !== undefined && Math.abs(daysSinceOnset) <= MAX_WIRE_DSOS;
  const { length } = key.key;
  const bytes = new Uint8Array(length + NUMBERS * 4);
  bytes.set(key.key);
  const numbers = new DataView(bytes.buffer, length);
  numbers.setInt32(0, key.intervalNumber);
  numbers.setInt32(4, key.intervalCount);
  numbers.setInt32(8, key.transmissionRisk);
  numbers.setInt32(12, key.reportType);
  numbers.setInt32(16, known ? daysSinceOnset : NO_ONSET);
  numbers.setInt32(20, (key.traveler ? TRAVELER : 0) + (revised ? REVISED : 0));
  return hash("sha256", bytes, "buffer");
}

/** Digests of keys per UTC day in which each begins, ascending. */
export function dayDigests(
  keys: readonly ReceivedKey[],
  revised: readonly ReceivedKey[],
): DayDigest[] {
  const days = new Map<number, { day: number; count: number; digest: Uint8Array }>();
  const add = (key: ReceivedKey, isRevised: boolean): void => {
    const day = dayOfInterval(key.intervalNumber);
    const sum = days.get(day) ?? { day, count: 0, digest: new Uint8Array(DIGEST_BYTES) };
    sum.count += 1;
    mix(sum.digest, wireDigest(key, isRevised));
    days.set(day, sum);
  };
  for (const key of keys) add(key, false);
  for (const key of revised) add(key, true);
  return [...days.values()].sort((left, right) => left.day - right.day);
}

/** The digests of several batches as one a day, ascending. */
export function mergedDigests(digests: readonly DayDigest[]): DayDigest[] {
  const days = new Map<number, { day: number; count: number; digest: Uint8Array }>();
  for (const { day, count, digest } of digests) {
    const sum = days.get(day) ?? { day, count: 0, digest: new Uint8Array(DIGEST_BYTES) };
    sum.count += count;
    mix(sum.digest, digest);
    days.set(day, sum);
  }
  return [...days.values()].sort((left, right) => left.day - right.day);
}

/** XORs the second into the first. */
export function mix(into: Uint8Array, digest: Uint8Array): void {
  for (let at = 0; at < into.length; at++) into[at] = (into[at] ?? 0) ^ (digest[at] ?? 0);
}

/** The same days in both, with the same keys; days out of [from, until) are not looked at. */
export function differingDays(
  left: readonly DayDigest[],
  right: readonly DayDigest[],
  from: number,
  until: number,
): number[] {
  const byDay = (digests: readonly DayDigest[]) => new Map(digests.map((one) => [one.day, one]));
  const [before, after] = [byDay(left), byDay(right)];
  return [...new Set([...before.keys(), ...after.keys()])].filter((day) => {
    if (day < from || day >= until) return false;
    const [one, other] = [before.get(day), after.get(day)];
    if (one === undefined || other === undefined) return (one ?? other)?.count !== 0;
    return one.count !== other.count ||
      one.digest.some((byte, at) => byte !== other.digest[at]);
  }).sort((one, other) => one - other);
}

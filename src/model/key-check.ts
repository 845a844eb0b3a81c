import { type IntervalSpan, KEY_BYTES, MAX_TRANSMISSION_RISK } from "./exposure.ts";
import type { Seconds } from "./ids.ts";
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
  if (validUntil(intervalNumber, intervalCount) < now - maxAgeSeconds) {
    const oldest = Math.ceil((now - maxAgeSeconds) / INTERVAL_SECONDS);
    return `too old: valid until interval ${
      intervalNumber + intervalCount
    }, must be ${oldest} or later`;
  }
  return undefined;
}

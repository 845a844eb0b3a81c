import { encodeHex } from "../bytes/base64.ts";
import { concatBytes } from "../keys/pem.ts";
import { hmacSha256 } from "../keys/crypto.ts";
import type { AndroidAttestation, IosAttestation } from "../model/resource/attestation.ts";

type Kind = (AndroidAttestation | IosAttestation)["kind"];

const HOUR_SECONDS = 3600;
/** How long one is remembered that tells no time, such as a DeviceCheck token. */
const UNTIMED_SECONDS = 24 * HOUR_SECONDS;
/** The end of the year 9999: no certificate's `exp` is taken to be later. */
const LATEST_SECONDS = 253_402_300_800;
/** How far a phone's clock may be ahead. */
export const CLOCK_AHEAD_SECONDS = 60;

/** Keyed hash of the kind and the signed bytes of an attestation, in hex: base64 and ECDSA can be rewritten, they cannot. */
export async function usedHash(
  crypto: Crypto,
  key: Uint8Array,
  kind: Kind,
  signed: Uint8Array,
): Promise<string> {
  const text = concatBytes(new TextEncoder().encode(`${kind}\0`), signed);
  return encodeHex(await hmacSha256(crypto, key, text));
}

/** What decides until when a used attestation could be used again. Seconds. */
export type Expiry = {
  readonly kind: Kind;
  readonly now: number;
  readonly maxAgeSeconds: number;
  /** When the certificate of the publish is refused, if it has one. */
  readonly certificateUntil: number | undefined;
};

/** Until when a used attestation is remembered: UTC seconds, rounded up to a full hour. */
export function usedUntil({ kind, now, maxAgeSeconds, certificateUntil }: Expiry): number {
  const until = kind === "appattest"
    // Bound to the certificate, and tells no time of its own.
    ? certificateUntil ?? now + UNTIMED_SECONDS
    : now + (kind === "devicecheck" ? UNTIMED_SECONDS : maxAgeSeconds + CLOCK_AHEAD_SECONDS);
  return Math.ceil(Math.min(until, LATEST_SECONDS) / HOUR_SECONDS) * HOUR_SECONDS;
}

import type { AttestedPlatform } from "../model/resource/attestation.ts";

/** Why an attestation fails, in public: one word, never a value from it. */
export type Reason =
  | "missing"
  | "malformed"
  | "wrong_kind"
  | "not_configured"
  | "decrypt"
  | "signature"
  | "chain"
  | "app"
  | "content"
  | "stale"
  | "future"
  | "device"
  | "unlicensed"
  | "testing"
  | "environment"
  | "unknown_key"
  | "counter"
  | "challenge"
  | "replayed"
  | "vendor_refused";

/** What is counted of a check. */
export type Verdict =
  | "ok"
  | Reason
  | "unavailable_accepted"
  | "unavailable_refused"
  | "misconfigured";

/** One verdict, for counters: nothing in it tells who published. */
export type AttestationEvent = {
  readonly platform: AttestedPlatform | "unknown";
  /** The configured kind. */
  readonly kind: string;
  readonly verdict: Verdict;
};

/** What a check finds. */
export type Finding =
  /** Genuine, and to be used up: `signed` are the bytes that make it the same attestation in whatever encoding. */
  | { readonly found: "genuine"; readonly signed: Uint8Array }
  | { readonly found: "failed"; readonly reason: Reason }
  /** The vendor cannot be asked now. */
  | { readonly found: "unavailable" }
  /** Something of ours is wrong: a key, a clock, a reference. */
  | { readonly found: "misconfigured" };

/** A failed check. */
export function failed(reason: Reason): Finding & { readonly found: "failed" } {
  return { found: "failed", reason };
}

import { accept, ERRORS, type Outcome, type Refusal, refuse } from "../errors.ts";
import type { AttestedContent } from "../model/attestation-content.ts";
import {
  type AndroidAttestation,
  type Attestation,
  attestationMode,
  type AttestedPlatform,
  type IosAttestation,
} from "../model/resource/attestation.ts";
import type { UsedToken } from "../store/attest/used-token.ts";
import { contentHash } from "./content-hash.ts";
import { type Examination, examine, type Examined, type ExamineDependencies } from "./examine.ts";
import { isOfKind, type Payload, payloadOf, platformOf } from "./form.ts";
import type { AttestationEvent, Reason, Verdict } from "./verdict.ts";

/** A publish request, as far as it is attested. */
export type AttestedRequest = AttestedContent & {
  readonly platform: string | undefined;
  readonly deviceVerificationPayload: string | undefined;
};

/** The health authority that it is for. */
export type AttestedAuthority = {
  readonly name: string;
  readonly attestation?: Attestation | undefined;
};

/** What attesting needs. */
export type AttestDependencies = ExamineDependencies & {
  /** ATTESTATION_DEVELOPMENT. */
  readonly allowDevelopment: boolean;
  readonly counted: (event: AttestationEvent) => void;
};

/** An accepted attestation: to be used up where the keys are written, and told whether it was the first use. */
export type AcceptedAttestation = UsedToken & {
  readonly unused: () => void;
  readonly replayed: () => Refusal | undefined;
};

/** Gives the verdict; see {@link deviceAttestation}. */
export type Verify = (
  certificateUntil: number | undefined,
) => Promise<Outcome<AcceptedAttestation | undefined>>;

/**
 * Device attestation of publishes. What costs nothing is decided at once: a refusal, or undefined when there is nothing
 * to check. Else the answer verifies the attestation, for a publish whose certificate and keys hold; with the mode
 * `report` it accepts whatever it finds. A refusal is `device_attestation_invalid` and says one word of why, or
 * `device_attestation_unavailable`.
 */
export function deviceAttestation(
  deps: AttestDependencies,
): (request: AttestedRequest, authority: AttestedAuthority) => Outcome<Verify | undefined> {
  return (request, authority) => {
    const { attestation } = authority;
    if (attestation === undefined) return NOTHING;
    const text = request.deviceVerificationPayload ?? "";
    const payload = text === "" ? undefined : payloadOf(text);
    const platform = platformOf(request.platform, payload);
    if (attestationMode(attestation, platform) === "off") return NOTHING;
    const subject = { deps, attestation, platform };
    const form = usableForm(text, payload, subject);
    if (!("payload" in form)) return refusalOf(subject, form.reason) ?? NOTHING;
    const work = {
      ...form,
      attestation,
      development: attestation.development && deps.allowDevelopment,
      healthAuthority: authority.name,
    };
    return accept((certificateUntil) => verify(subject, work, request, certificateUntil));
  };
}

const NOTHING = accept(undefined);

/** Whose attestation it is. */
type Subject = {
  readonly deps: AttestDependencies;
  readonly attestation: Attestation;
  readonly platform: AttestedPlatform | undefined;
};

/** A payload of the kind that is configured for its platform, or why there is none. */
function usableForm(
  text: string,
  payload: Payload | undefined,
  { attestation, platform }: Subject,
):
  | {
    readonly payload: Payload;
    readonly platform: AttestedPlatform;
    readonly configured: AndroidAttestation | IosAttestation;
  }
  | { readonly reason: Reason } {
  if (text === "") return { reason: "missing" };
  const configured = platform === undefined ? undefined : attestation[platform];
  if (platform !== undefined && configured === undefined) return { reason: "not_configured" };
  if (payload === undefined || platform === undefined || configured === undefined) {
    return { reason: "malformed" };
  }
  return isOfKind(payload, configured)
    ? { payload, platform, configured }
    : { reason: "wrong_kind" };
}

async function verify(
  subject: Subject,
  work: Omit<Examination, "contentHash" | "certificateUntil">,
  request: AttestedRequest,
  certificateUntil: number | undefined,
): Promise<Outcome<AcceptedAttestation | undefined>> {
  const { deps } = subject;
  const hash = await contentHash(deps.crypto, request);
  const found = await examine(deps, { ...work, contentHash: hash, certificateUntil })
    .catch((error: unknown): Examined => {
      // Where nothing is refused, nothing of ours that fails may refuse either.
      if (isRequired(subject)) throw error;
      return { found: "misconfigured" };
    });
  if (found.found === "genuine") {
    return accept({
      ...found.used,
      unused: () => count(subject, "ok"),
      replayed: () => refusalOf(subject, "replayed"),
    });
  }
  if (found.found === "failed") return refusalOf(subject, found.reason) ?? NOTHING;
  return withoutVerdict(subject, work.configured, found.found) ?? NOTHING;
}

/** Counts a failure; the refusal when attestations are required. */
function refusalOf(subject: Subject, reason: Reason): Refusal | undefined {
  count(subject, reason);
  return isRequired(subject)
    ? refuse("device_attestation_invalid", `device attestation: ${reason}`)
    : undefined;
}

/** Counts that there is no verdict; the refusal when there must be one. What is checked here needs none of a vendor. */
function withoutVerdict(
  subject: Subject,
  configured: AndroidAttestation | IosAttestation,
  found: Exclude<Examined["found"], "genuine" | "failed">,
): Refusal | undefined {
  const accepts = "onUnavailable" in configured && configured.onUnavailable === "accept";
  const unavailable = accepts ? "unavailable_accepted" : "unavailable_refused";
  count(subject, found === "misconfigured" ? found : unavailable);
  if (accepts || !isRequired(subject)) return undefined;
  return refuse("device_attestation_unavailable", ERRORS.device_attestation_unavailable.text);
}

function isRequired({ attestation, platform }: Subject): boolean {
  return attestationMode(attestation, platform) === "require";
}

function count({ deps, attestation, platform }: Subject, verdict: Verdict): void {
  const kind = platform === undefined ? undefined : attestation[platform]?.kind;
  deps.counted({ platform: platform ?? "unknown", kind: kind ?? "none", verdict });
}

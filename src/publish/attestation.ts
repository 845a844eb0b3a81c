import { accept, type Outcome, type Refusal } from "../errors.ts";
import type { HealthAuthority } from "../model/resource/health-authority.ts";
import type { UsedToken } from "../store/attest/used-token.ts";
import type { PublishRequest } from "./request-parser.ts";

/**
 * All that publishing knows of device attestation: a function that the composition root hands in. It decides at once
 * what costs nothing, and gives the check that is made later; undefined when none is to be made.
 */
export type Attest = (
  request: PublishRequest,
  healthAuthority: HealthAuthority,
) => Outcome<AttestationCheck | undefined>;

/**
 * The verdict on an attestation, asked for before the keys are written. `certificateUntil`: UTC seconds from which on
 * the certificate of the request is refused; absent when there is none. An accepted attestation that works only once
 * is to be used up in the transaction that writes the keys.
 */
export type AttestationCheck = (
  certificateUntil: number | undefined,
) => Promise<Outcome<AttestationUse | undefined>>;

/** An attestation to be used up. */
export type AttestationUse = UsedToken & {
  /** To be told when no other publish has used it up. */
  readonly unused: () => void;
  /** To be told when another publish has used it up: the refusal, or undefined when that refuses nothing. */
  readonly replayed: () => Refusal | undefined;
};

/** For what is never attested: a dry run. */
export const NO_ATTESTATION: Attest = () => accept(undefined);

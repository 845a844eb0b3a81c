/** Key manager references: `SCHEME:REST`. */

import { AppError } from "../errors.ts";
import type { KeyPurpose, KeyReference } from "./key-manager.ts";

const REFERENCE = /^([a-z][a-z0-9+.-]*):(.+)$/s;

/** The two halves of a reference; throws `key_not_found` when there is no scheme. */
export function splitReference(
  reference: KeyReference,
): { readonly scheme: string; readonly rest: string } {
  const match = REFERENCE.exec(reference);
  const [, scheme, rest] = match ?? [];
  if (scheme === undefined || rest === undefined) {
    throw new AppError(
      "key_not_found",
      `${
        shown(reference)
      } is no key reference: write it as SCHEME:NAME, for example local:mag-signer`,
    );
  }
  return { scheme, rest };
}

/** A reference as messages show it: quoted, at most 80 characters, without control characters. */
export function shown(reference: KeyReference): string {
  return JSON.stringify(reference.length > 80 ? `${reference.slice(0, 80)}…` : reference);
}

/** The refusal of a key that is not there. */
export function missingKey(reference: KeyReference): AppError {
  return new AppError(
    "key_not_found",
    `${shown(reference)} does not exist: check the reference, or make the key first`,
  );
}

/** The refusal of a key that is for something else. */
export function wrongPurpose(reference: KeyReference, purpose: KeyPurpose): AppError {
  const is = purpose === "sign" ? "a signing key" : "an encryption key";
  return new AppError("key_not_found", `${shown(reference)} is ${is}: name another key here`);
}

/** The refusal of bytes that this key did not make, or not with this additional data. */
export function undecryptable(reference: KeyReference): AppError {
  return new AppError(
    "key_unavailable",
    `${
      shown(reference)
    } cannot decrypt this: it was made with another key or other additional data`,
  );
}

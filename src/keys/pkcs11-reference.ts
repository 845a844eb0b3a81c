/** Where a key of a hardware module is: `pkcs11:` URIs (RFC 7512). */

import { AppError } from "../errors.ts";
import type { KeyReference } from "./key-manager.ts";
import { shown, splitReference } from "./reference.ts";

/** A token and a key on it. At least one of `object` and `id` is there. */
export type Pkcs11Place = {
  /** What the token must be, by attribute of the URI: `token`, `serial`, `model`, `manufacturer`. */
  readonly token: ReadonlyMap<string, string>;
  /** CKA_LABEL. */
  readonly object?: string;
  /** CKA_ID. */
  readonly id?: Uint8Array;
};

const TOKEN_ATTRIBUTES: readonly string[] = ["token", "serial", "model", "manufacturer"];
/** A pair has one URI for both halves, so the type adds nothing. */
const IGNORED: readonly string[] = ["type"];
const MAX_ID_BYTES = 64;

/**
 * Reads `pkcs11:token=…;object=…;id=%01`. The module and the PIN are settings of the process, never part of a
 * reference, which others may set: any query is refused.
 */
export function pkcs11Place(reference: KeyReference): Pkcs11Place {
  const { scheme, rest } = splitReference(reference);
  if (scheme !== "pkcs11") throw malformed(reference, "write pkcs11:token=TOKEN;object=LABEL");
  if (rest.includes("?")) {
    throw malformed(
      reference,
      "write it without a query; the module and the PIN come from PKCS11_MODULE and PKCS11_PIN_FILE",
    );
  }
  const token = new Map<string, string>();
  let object: string | undefined;
  let id: Uint8Array | undefined;
  for (const part of rest.split(";")) {
    const [, name = "", encoded = ""] = /^([a-z-]+)=(.*)$/.exec(part) ?? [];
    const value = decoded(encoded);
    if (value === undefined) throw malformed(reference, "write %XX for bytes");
    if (TOKEN_ATTRIBUTES.includes(name)) token.set(name, text(value));
    else if (name === "object") object = text(value);
    else if (name === "id") id = value;
    else if (!IGNORED.includes(name)) {
      throw malformed(reference, "write only token, serial, model, manufacturer, object and id");
    }
  }
  if (object === undefined && id === undefined) {
    throw malformed(reference, "write object=LABEL or id=%XX to name the key");
  }
  if ((id?.length ?? 0) > MAX_ID_BYTES) {
    throw malformed(reference, "write an id of 64 bytes at most");
  }
  return {
    token,
    ...(object === undefined ? {} : { object }),
    ...(id === undefined ? {} : { id }),
  };
}

const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** The bytes of percent-encoded text; undefined for a loose `%`. */
function decoded(encoded: string): Uint8Array | undefined {
  if (!/^(?:[^%]|%[0-9A-Fa-f]{2})*$/.test(encoded)) return undefined;
  const bytes: number[] = [];
  for (const [piece] of encoded.matchAll(/%[0-9A-Fa-f]{2}|[^%]+/g)) {
    if (piece.startsWith("%")) bytes.push(parseInt(piece.slice(1), 16));
    else bytes.push(...new TextEncoder().encode(piece));
  }
  return Uint8Array.from(bytes);
}

function malformed(reference: KeyReference, cure: string): AppError {
  return new AppError(
    "key_not_found",
    `${shown(reference)} is no key of a hardware module: ${cure}`,
  );
}

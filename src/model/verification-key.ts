/**
 * How the key that signs a file may be called. Android joins ID and version with `-`, and splits its list of keys at
 * `:`, `|`, `&` and `,` (exposure-notifications-internals, SignatureVerifier); Apple takes bundle IDs as key IDs.
 */

const KEY_ID = /^[A-Za-z0-9_.]+$/;
const KEY_VERSION = /^[A-Za-z0-9_]+$/;

/** What is wrong with a verification key ID; undefined when phones can use it. */
export function keyIdFault(keyId: string): string | undefined {
  if (KEY_ID.test(keyId)) return undefined;
  return "must be letters, digits, dots and underscores: phones split keys at any other";
}

/** What is wrong with a verification key version; undefined when phones can use it. */
export function keyVersionFault(version: string): string | undefined {
  if (KEY_VERSION.test(version)) return undefined;
  return "must be letters, digits and underscores: phones split keys at any other";
}

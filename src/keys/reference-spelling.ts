/** Keys in the spellings of others: what KEY_MANAGER makes of a reference without a scheme of ours. */

import { join } from "node:path";
import type { KeyReference } from "./key-manager.ts";

/** The values of KEY_MANAGER, with the scheme that each means. */
const MANAGERS = {
  FILESYSTEM: "file",
  IN_MEMORY: "local",
  LOCAL: "local",
  PKCS11: "pkcs11",
  HASHICORP_VAULT: "vault",
  AWS_KMS: "aws-kms",
  GOOGLE_CLOUD_KMS: "gcp-kms",
  AZURE_KEY_VAULT: "azure-kv",
} as const;

/** A value of KEY_MANAGER. */
export type KeyManagerName = keyof typeof MANAGERS;

/** The reference server's own default. */
export const DEFAULT_KEY_MANAGER: KeyManagerName = "FILESYSTEM";

/** All of them. */
export const KEY_MANAGER_VALUES: readonly KeyManagerName[] = [
  "FILESYSTEM",
  "IN_MEMORY",
  "LOCAL",
  "PKCS11",
  "HASHICORP_VAULT",
  "AWS_KMS",
  "GOOGLE_CLOUD_KMS",
  "AZURE_KEY_VAULT",
];

/** Names that can belong to one manager only. */
const UNMISTAKABLE: readonly { readonly pattern: RegExp; readonly scheme: string }[] = [
  { pattern: /^arn:aws[a-z-]*:kms:/, scheme: "aws-kms" },
  { pattern: /^projects\/[^/]+\/locations\/[^/]+\/keyRings\//, scheme: "gcp-kms" },
  { pattern: /^https:\/\/[^/]+\/keys\//, scheme: "azure-kv" },
];

/** How references are read that begin with none of our schemes. */
export type KeySpelling = {
  readonly manager: KeyManagerName;
  /** KEY_FILESYSTEM_ROOT: where FILESYSTEM has its keys. Without it, they are `local:` keys. */
  readonly fileRoot?: string;
};

/**
 * The reference with a scheme: an ARN, a resource name of Google and a URL of Key Vault go where only they can; any
 * other name goes to KEY_MANAGER.
 */
export function spelledOut(
  reference: KeyReference,
  schemes: ReadonlySet<string>,
  { manager, fileRoot }: KeySpelling,
): KeyReference {
  if (schemes.has(reference.slice(0, Math.max(0, reference.indexOf(":"))))) return reference;
  const known = UNMISTAKABLE.find(({ pattern }) => pattern.test(reference));
  if (known !== undefined) return `${known.scheme}:${reference}`;
  const scheme = MANAGERS[manager];
  if (scheme !== "file") return `${scheme}:${reference}`;
  return fileRoot === undefined ? `local:${reference}` : `file:${join(fileRoot, reference)}`;
}

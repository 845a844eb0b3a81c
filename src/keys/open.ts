/** One key manager from several: the scheme of the reference decides, or KEY_MANAGER. */

import { AppError } from "../errors.ts";
import type { KeyManager, KeyReference } from "./key-manager.ts";
import { type KeySpelling, spelledOut } from "./reference-spelling.ts";
import { shown, splitReference } from "./reference.ts";

/**
 * Dispatches by scheme. A reference without one of these is read as `spelling` says; without a spelling, it throws
 * `key_not_found` and names those there are.
 */
export function openKeys(
  managers: Readonly<Record<string, KeyManager>>,
  spelling?: KeySpelling,
): KeyManager {
  const byScheme = new Map(Object.entries(managers));
  const schemes = new Set(byScheme.keys());

  function find(given: KeyReference): readonly [KeyManager, KeyReference] {
    const reference = spelling === undefined ? given : spelledOut(given, schemes, spelling);
    const { scheme } = splitReference(reference);
    const manager = byScheme.get(scheme);
    if (manager !== undefined) return [manager, reference];
    const known = [...byScheme.keys()].map((name) => `${name}:`).join(", ");
    throw new AppError(
      "key_not_found",
      `${shown(reference)}: no key manager serves ${scheme}: here; supported are ${known}`,
    );
  }

  return {
    create: async (given, purpose) => {
      const [manager, reference] = find(given);
      return await manager.create(reference, purpose);
    },
    exists: async (given) => {
      const [manager, reference] = find(given);
      return await manager.exists(reference);
    },
    publicKeyPem: async (given) => {
      const [manager, reference] = find(given);
      return await manager.publicKeyPem(reference);
    },
    sign: async (given, data) => {
      const [manager, reference] = find(given);
      return await manager.sign(reference, data);
    },
    encrypt: async (given, plaintext, additionalData) => {
      const [manager, reference] = find(given);
      return await manager.encrypt(reference, plaintext, additionalData);
    },
    decrypt: async (given, ciphertext, additionalData) => {
      const [manager, reference] = find(given);
      return await manager.decrypt(reference, ciphertext, additionalData);
    },
    versions: async (given) => {
      const [manager, reference] = find(given);
      return await manager.versions(reference);
    },
    destroy: async (given, version) => {
      const [manager, reference] = find(given);
      return await manager.destroy(reference, version);
    },
  };
}

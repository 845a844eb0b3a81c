/** One key manager from several: the scheme of the reference decides. */

import { AppError } from "../errors.ts";
import type { KeyManager, KeyReference } from "./key-manager.ts";
import { shown, splitReference } from "./reference.ts";

/** Dispatches by scheme. A scheme without a manager throws `key_not_found` and names those there are. */
export function openKeys(managers: Readonly<Record<string, KeyManager>>): KeyManager {
  const byScheme = new Map(Object.entries(managers));

  function managerOf(reference: KeyReference): KeyManager {
    const { scheme } = splitReference(reference);
    const manager = byScheme.get(scheme);
    if (manager !== undefined) return manager;
    const known = [...byScheme.keys()].map((name) => `${name}:`).join(", ");
    throw new AppError(
      "key_not_found",
      `${shown(reference)}: no key manager serves ${scheme}: here; supported are ${known}`,
    );
  }

  return {
    create: async (reference, purpose) => await managerOf(reference).create(reference, purpose),
    exists: async (reference) => await managerOf(reference).exists(reference),
    publicKeyPem: async (reference) => await managerOf(reference).publicKeyPem(reference),
    sign: async (reference, data) => await managerOf(reference).sign(reference, data),
    encrypt: async (reference, plaintext, additionalData) =>
      await managerOf(reference).encrypt(reference, plaintext, additionalData),
    decrypt: async (reference, ciphertext, additionalData) =>
      await managerOf(reference).decrypt(reference, ciphertext, additionalData),
    versions: async (reference) => await managerOf(reference).versions(reference),
    destroy: async (reference, version) => await managerOf(reference).destroy(reference, version),
  };
}

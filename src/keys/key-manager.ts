/** Signing and wrapping keys behind references: the port. Back ends beside it; one contract suite runs on all. */

/** A key manager reference: `local:NAME`, `file:PATH` and so on. */
export type KeyReference = string;

/** What a key is for: ECDSA P-256 with SHA-256, or AES-256-GCM. */
export type KeyPurpose = "sign" | "encrypt";

/** What every manager encrypts at once: keys, not documents. */
export const MAX_PLAINTEXT_BYTES = 4096;

/** A version of a key. `createdAt` is in UTC seconds. */
export type KeyVersion = { readonly version: string; readonly createdAt: number };

/**
 * Keys that never leave their manager. Unknown references throw `key_not_found`; a manager that cannot be
 * reached throws `key_unavailable`. Messages name the reference, never key material.
 */
export type KeyManager = {
  /** Makes the key with its first version, or a new version of it. */
  create(reference: KeyReference, purpose: KeyPurpose): Promise<KeyVersion>;
  /** Whether the key exists. */
  exists(reference: KeyReference): Promise<boolean>;
  /** Public key of the newest version, as SPKI PEM. */
  publicKeyPem(reference: KeyReference): Promise<string>;
  /** ECDSA P-256 / SHA-256 over `data` by the newest version: r ‖ s, 64 bytes. */
  sign(reference: KeyReference, data: Uint8Array): Promise<Uint8Array>;
  /** Opaque bytes that {@link decrypt} takes back, bound to `additionalData`, of 1 to {@link MAX_PLAINTEXT_BYTES}. */
  encrypt(
    reference: KeyReference,
    plaintext: Uint8Array,
    additionalData: Uint8Array,
  ): Promise<Uint8Array>;
  /** Throws `key_unavailable` when the bytes or `additionalData` are not those of {@link encrypt}. */
  decrypt(
    reference: KeyReference,
    ciphertext: Uint8Array,
    additionalData: Uint8Array,
  ): Promise<Uint8Array>;
  /** Oldest first; empty for an unknown key. */
  versions(reference: KeyReference): Promise<readonly KeyVersion[]>;
  /** Destroys one version for good. */
  destroy(reference: KeyReference, version: string): Promise<void>;
};

/** `local:NAME`: keys in the database, wrapped by the master key. */

import { Buffer } from "node:buffer";
import { AppError } from "../errors.ts";
import { importAesKey, seal, signEcdsa, unseal } from "./crypto.ts";
import { expiringCache } from "./expiring-cache.ts";
import type { KeyManager, KeyPurpose, KeyReference, KeyVersion } from "./key-manager.ts";
import { type LocalKeyRow, unwrapLocalKey, wrapLocalKey } from "./local-wrap.ts";
import type { MasterKeys } from "./master-keys.ts";
import { concatBytes } from "./pem.ts";
import { missingKey, shown, splitReference, undecryptable, wrongPurpose } from "./reference.ts";
import { importSigningJwk, newSigningJwk, type SigningKeyPair } from "./signing-jwk.ts";

/** Where wrapped versions are kept. Failures of the storage are thrown. */
export type LocalKeyRows = {
  /** All versions of one key, lowest version first; empty when there is none. */
  versions(name: string): Promise<readonly LocalKeyRow[]>;
  /** False, and nothing is stored, when this name already has this version, or its master key is not the newest. */
  insert(row: LocalKeyRow): Promise<boolean>;
  /** False when there was none. */
  delete(name: string, version: number): Promise<boolean>;
};

/** What {@link localKeys} needs. */
export type LocalKeyOptions = {
  readonly rows: LocalKeyRows;
  readonly masters: MasterKeys;
  readonly crypto: Crypto;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** How long an unwrapped key is used before it is read again: 60,000 ms unless told. */
  readonly cacheMs?: number;
};

type Loaded = {
  readonly row: LocalKeyRow;
  signing?: Promise<SigningKeyPair>;
  encryption?: Promise<CryptoKey>;
};

const NAME = /^[A-Za-z0-9._-]{1,128}$/;
const MAX_CREATE_ATTEMPTS = 64;
const VERSION_BYTES = 4;

/**
 * Keys wrapped by AES-256-GCM under a master key, bound to purpose, name and version as additional data. A
 * signing key is wrapped as JWK, an encryption key as 32 bytes. {@link KeyManager.encrypt} gives
 * version(4, big-endian) ‖ nonce(12) ‖ ciphertext ‖ tag(16). Another process sees a new or destroyed version after
 * `cacheMs` at the latest, and an unknown version at once.
 */
export function localKeys(options: LocalKeyOptions): KeyManager {
  const { rows, masters, crypto, now, cacheMs = 60_000 } = options;
  const cache = expiringCache<readonly Loaded[]>({ read: readVersions, now, cacheMs });

  async function readVersions(name: string): Promise<readonly Loaded[] | undefined> {
    const found = await rows.versions(name);
    return found.length === 0 ? undefined : found.map((row) => ({ row }));
  }

  async function load(reference: KeyReference, fresh: boolean): Promise<readonly Loaded[]> {
    const name = nameOf(reference);
    return await reach(reference, () => cache.get(name, fresh)) ?? [];
  }

  async function newest(reference: KeyReference, purpose: KeyPurpose): Promise<Loaded> {
    const last = (await load(reference, false)).at(-1);
    if (last === undefined) throw missingKey(reference);
    if (last.row.purpose !== purpose) throw wrongPurpose(reference, last.row.purpose);
    return last;
  }

  async function unwrap(row: LocalKeyRow): Promise<Uint8Array> {
    return await unwrapLocalKey(crypto, (await masters.find(row.master)).key, row);
  }

  async function signingKey(reference: KeyReference): Promise<SigningKeyPair> {
    const loaded = await newest(reference, "sign");
    loaded.signing ??= unwrap(loaded.row).catch((error: unknown) => {
      // A manager that has the master key may be back at the next try.
      delete loaded.signing;
      throw error;
    }).then(async (raw) => {
      const pair = await importSigningJwk(crypto, JSON.parse(Buffer.from(raw).toString()));
      if (pair === undefined) {
        throw new AppError("key_unavailable", `${shown(reference)} is damaged`);
      }
      return pair;
    });
    return await loaded.signing;
  }

  async function encryptionKey(loaded: Loaded): Promise<CryptoKey> {
    loaded.encryption ??= unwrap(loaded.row).catch((error: unknown) => {
      delete loaded.encryption;
      throw error;
    }).then((raw) => importAesKey(crypto, raw));
    return await loaded.encryption;
  }

  return {
    async create(reference, purpose) {
      const name = nameOf(reference);
      for (let attempt = 0; attempt < MAX_CREATE_ATTEMPTS; attempt++) {
        const last = (await load(reference, true)).at(-1)?.row;
        if (last !== undefined && last.purpose !== purpose) {
          throw wrongPurpose(reference, last.purpose);
        }
        const version = (last?.version ?? 0) + 1;
        const createdAt = Math.floor(now() / 1000);
        const raw = purpose === "sign"
          ? Buffer.from(await newSigningJwk(crypto))
          : crypto.getRandomValues(new Uint8Array(32));
        const master = await masters.newest();
        const wrapped = await wrapLocalKey(crypto, master.key, { name, version, purpose }, raw);
        const row = { name, version, purpose, createdAt, wrapped, master: master.id };
        const inserted = await reach(reference, () => rows.insert(row));
        cache.forget(name);
        if (inserted) return asVersion(row);
      }
      throw new AppError(
        "key_unavailable",
        `${shown(reference)}: others keep making versions of this key at the same time, try again`,
      );
    },

    async exists(reference) {
      return (await load(reference, true)).length > 0;
    },

    async publicKeyPem(reference) {
      return (await signingKey(reference)).publicKeyPem;
    },

    async sign(reference, data) {
      return await signEcdsa(crypto, (await signingKey(reference)).key, data);
    },

    async encrypt(reference, plaintext, additionalData) {
      const loaded = await newest(reference, "encrypt");
      const key = await encryptionKey(loaded);
      const sealed = await seal(crypto, key, plaintext, additionalData);
      const prefix = new Uint8Array(VERSION_BYTES);
      new DataView(prefix.buffer).setUint32(0, loaded.row.version);
      return concatBytes(prefix, sealed);
    },

    async decrypt(reference, ciphertext, additionalData) {
      const wanted = ciphertext.length < VERSION_BYTES
        ? 0
        : new DataView(ciphertext.buffer, ciphertext.byteOffset).getUint32(0);
      for (const fresh of [false, true]) {
        const versions = await load(reference, fresh);
        if (versions.length === 0) throw missingKey(reference);
        const match = versions.find(({ row }) => row.version === wanted);
        if (match === undefined) continue;
        if (match.row.purpose !== "encrypt") throw wrongPurpose(reference, match.row.purpose);
        const key = await encryptionKey(match);
        const sealed = ciphertext.subarray(VERSION_BYTES);
        const plaintext = await unseal(crypto, key, sealed, additionalData);
        if (plaintext !== undefined) return plaintext;
      }
      throw undecryptable(reference);
    },

    async versions(reference) {
      return (await load(reference, true)).map(({ row }) => asVersion(row));
    },

    async destroy(reference, version) {
      const name = nameOf(reference);
      const number = /^[1-9][0-9]{0,9}$/.test(version) ? Number(version) : 0;
      const deleted = await reach(reference, () => rows.delete(name, number));
      cache.forget(name);
      if (!deleted) {
        throw new AppError("key_not_found", `${shown(reference)} has no version ${shown(version)}`);
      }
    },
  };
}

function nameOf(reference: KeyReference): string {
  const { scheme, rest } = splitReference(reference);
  if (scheme !== "local" || !NAME.test(rest)) {
    throw new AppError(
      "key_not_found",
      `${
        shown(reference)
      } is no local key: write local:NAME with 1 to 128 letters, digits, ".", "_" or "-"`,
    );
  }
  return rest;
}

async function reach<T>(reference: KeyReference, use: () => Promise<T>): Promise<T> {
  try {
    return await use();
  } catch (cause) {
    throw new AppError(
      "key_unavailable",
      `${shown(reference)} cannot be reached: the database does not answer`,
      { cause },
    );
  }
}

function asVersion(row: LocalKeyRow): KeyVersion {
  return { version: String(row.version), createdAt: row.createdAt };
}

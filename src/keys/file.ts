/** `file:PATH`: one key in a file that the operator makes, mounts and renews. */

import { readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { recentMap } from "../bounds/recent.ts";
import { AppError } from "../errors.ts";
import { seal, signEcdsa, unseal } from "./crypto.ts";
import { type FileKey, parseKeyFile } from "./key-file.ts";
import type { KeyManager, KeyReference } from "./key-manager.ts";
import { missingKey, shown, splitReference, undecryptable, wrongPurpose } from "./reference.ts";
import type { SigningKeyPair } from "./signing-jwk.ts";

const MAX_FILE_BYTES = 65_536;
const MAX_CACHED_FILES = 64;

type Cached = {
  readonly state: string;
  readonly createdAt: number;
  readonly key: Promise<FileKey>;
};

/**
 * Keys in files: for signing PEM (PKCS #8 or SEC 1) or JWK of an EC key on P-256, for encryption JWK of type `oct`
 * with 32 bytes. `PATH` is absolute, relative to the working directory, or as in `file:///PATH`. The file is looked
 * at before each use and read again when it changed. A file holds one version, named by `kid` or else by the
 * fingerprint of its public key; {@link KeyManager.encrypt} gives nonce(12) ‖ ciphertext ‖ tag(16).
 */
export function fileKeys(options: { readonly crypto: Crypto }): KeyManager {
  const { crypto } = options;
  const cache = recentMap<string, Cached>({ maxSize: MAX_CACHED_FILES });

  async function find(reference: KeyReference): Promise<Cached | undefined> {
    const path = pathOf(reference);
    const found = await stat(path, { bigint: true }).catch((cause: unknown) => {
      if (hasCode(cause, "ENOENT") || hasCode(cause, "ENOTDIR")) return undefined;
      throw unreadable(reference, cause);
    });
    if (found === undefined) {
      cache.delete(path);
      return undefined;
    }
    const state = [found.dev, found.ino, found.size, found.mtimeNs, found.ctimeNs].join(" ");
    const cached = cache.get(path);
    if (cached?.state === state) return cached;
    if (!found.isFile() || found.size > MAX_FILE_BYTES) {
      throw invalid(
        reference,
        `is no file of at most ${MAX_FILE_BYTES} bytes: give a PEM or JWK file`,
      );
    }
    const createdAt = Number(found.mtimeNs / 1_000_000_000n);
    const fresh: Cached = { state, createdAt, key: read(reference, path) };
    // A file that could not be used is tried again at the next use.
    fresh.key.catch(() => {
      if (cache.get(path) === fresh) cache.delete(path);
    });
    cache.set(path, fresh);
    return fresh;
  }

  async function read(reference: KeyReference, path: string): Promise<FileKey> {
    const text = await readFile(path, "utf8").catch((cause: unknown) => {
      throw unreadable(reference, cause);
    });
    const key = await parseKeyFile(crypto, text);
    if (!key.ok) throw invalid(reference, key.message);
    return key.value;
  }

  async function need(reference: KeyReference): Promise<FileKey> {
    const found = await find(reference);
    if (found === undefined) throw missingKey(reference);
    return await found.key;
  }

  async function signing(reference: KeyReference): Promise<SigningKeyPair> {
    const key = await need(reference);
    if (key.purpose !== "sign") throw wrongPurpose(reference, key.purpose);
    return key.pair;
  }

  async function encryption(reference: KeyReference): Promise<CryptoKey> {
    const key = await need(reference);
    if (key.purpose !== "encrypt") throw wrongPurpose(reference, key.purpose);
    return key.key;
  }

  return {
    create(reference) {
      return Promise.reject(
        new AppError(
          "unimplemented",
          `${shown(reference)}: key files are made by hand, for example with ` +
            '"openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out FILE"',
        ),
      );
    },
    async exists(reference) {
      return await find(reference) !== undefined;
    },
    async publicKeyPem(reference) {
      return (await signing(reference)).publicKeyPem;
    },
    async sign(reference, data) {
      return await signEcdsa(crypto, (await signing(reference)).key, data);
    },
    async encrypt(reference, plaintext, additionalData) {
      return await seal(crypto, await encryption(reference), plaintext, additionalData);
    },
    async decrypt(reference, ciphertext, additionalData) {
      const key = await encryption(reference);
      const plaintext = await unseal(crypto, key, ciphertext, additionalData);
      if (plaintext === undefined) throw undecryptable(reference);
      return plaintext;
    },
    async versions(reference) {
      const found = await find(reference);
      if (found === undefined) return [];
      return [{ version: (await found.key).version, createdAt: found.createdAt }];
    },
    destroy(reference) {
      return Promise.reject(
        new AppError("unimplemented", `${shown(reference)}: delete the key file by hand`),
      );
    },
  };
}

function pathOf(reference: KeyReference): string {
  const { scheme, rest } = splitReference(reference);
  if (scheme !== "file" || rest.includes("\0")) {
    throw new AppError("key_not_found", `${shown(reference)} is no key file: write file:PATH`);
  }
  if (!rest.startsWith("//")) return rest;
  try {
    return fileURLToPath(reference);
  } catch {
    throw new AppError(
      "key_not_found",
      `${shown(reference)} is no key file: write file:PATH, or file:/// and an absolute path`,
    );
  }
}

function hasCode(error: unknown, code: string): boolean {
  return error instanceof Error && "code" in error && error.code === code;
}

function unreadable(reference: KeyReference, cause: unknown): AppError {
  return new AppError(
    "key_unavailable",
    `${
      shown(reference)
    } cannot be read: check that the file is there and that this process may read it`,
    { cause },
  );
}

function invalid(reference: KeyReference, what: string): AppError {
  return new AppError("key_unavailable", `${shown(reference)} ${what}`);
}

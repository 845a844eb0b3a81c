/** `file:PATH`: one key in a file that the operator makes, mounts and renews. */

import { Buffer } from "node:buffer";
import { createPrivateKey } from "node:crypto";
import { readFile, stat } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { AppError } from "../errors.ts";
import type { CryptoProviders } from "../runtime/runtime.ts";
import { decodeBase64, encodeHex } from "./base64.ts";
import {
  importAesKey,
  importVerifyKey,
  seal,
  sha256,
  signEcdsa,
  unseal,
  verifyEcdsa,
} from "./crypto.ts";
import type { KeyManager, KeyReference } from "./key-manager.ts";
import { pemToDer } from "./pem.ts";
import { missingKey, shown, splitReference, undecryptable, wrongPurpose } from "./reference.ts";
import { importSigningJwk, type SigningKeyPair } from "./signing-jwk.ts";

const MAX_FILE_BYTES = 65_536;
const MAX_CACHED_FILES = 64;

type FileKey =
  | { readonly purpose: "sign"; readonly version: string; readonly pair: SigningKeyPair }
  | { readonly purpose: "encrypt"; readonly version: string; readonly key: CryptoKey };
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
export function fileKeys(options: { readonly crypto: CryptoProviders }): KeyManager {
  const { crypto } = options;
  const cache = new Map<string, Cached>();

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
      throw invalid(reference, `is no file of at most ${MAX_FILE_BYTES} bytes`);
    }
    const createdAt = Number(found.mtimeNs / 1_000_000_000n);
    const fresh: Cached = { state, createdAt, key: read(reference, path) };
    // A file that could not be used is tried again at the next use.
    fresh.key.catch(() => cache.get(path) === fresh && cache.delete(path));
    cache.delete(path);
    cache.set(path, fresh);
    for (const oldest of cache.keys()) {
      if (cache.size <= MAX_CACHED_FILES) break;
      cache.delete(oldest);
    }
    return fresh;
  }

  async function read(reference: KeyReference, path: string): Promise<FileKey> {
    const text = await readFile(path, "utf8").catch((cause: unknown) => {
      throw unreadable(reference, cause);
    });
    const { jwk, kid } = text.trimStart().startsWith("{") ? parseJwk(text) : parsePem(text);
    if (isOctJwk(jwk)) {
      const raw = decodeBase64(jwk.k);
      if (raw?.length !== 32) throw invalid(reference, "must hold 32 bytes in the member k");
      return { purpose: "encrypt", version: kid ?? "1", key: await importAesKey(crypto, raw) };
    }
    const pair = await importSigningJwk(crypto, jwk);
    if (pair === undefined || !await belongTogether(crypto, pair)) {
      throw invalid(
        reference,
        "must hold an unencrypted P-256 private key (PEM: PRIVATE KEY or EC PRIVATE KEY; or JWK), or an oct JWK",
      );
    }
    return { purpose: "sign", version: kid ?? await fingerprint(crypto, pair), pair };
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

/** `kid` and the JWK itself, whose content is not checked yet. */
type Parsed = { readonly jwk: unknown; readonly kid: string | undefined };

function parseJwk(text: string): Parsed {
  try {
    const jwk: unknown = JSON.parse(text);
    const kid = isRecord(jwk) && typeof jwk["kid"] === "string" ? jwk["kid"] : undefined;
    return { jwk, kid: kid === undefined || kid === "" ? undefined : kid.slice(0, 128) };
  } catch {
    return { jwk: undefined, kid: undefined };
  }
}

function parsePem(text: string): Parsed {
  // openssl ecparam puts a block of parameters before the key.
  const pem = text.slice(Math.max(0, text.search(/-----BEGIN (?:EC )?PRIVATE KEY-----/)));
  const pkcs8 = pemToDer(pem, "PRIVATE KEY");
  const der = pkcs8 ?? pemToDer(pem, "EC PRIVATE KEY");
  if (der === undefined) return { jwk: undefined, kid: undefined };
  try {
    const type = pkcs8 === undefined ? "sec1" : "pkcs8";
    const key = createPrivateKey({ key: Buffer.from(der), format: "der", type });
    return { jwk: key.export({ format: "jwk" }), kid: undefined };
  } catch {
    return { jwk: undefined, kid: undefined };
  }
}

function isOctJwk(jwk: unknown): jwk is { readonly kty: "oct"; readonly k: string } {
  return isRecord(jwk) && jwk["kty"] === "oct" && typeof jwk["k"] === "string";
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null;
}

/** Whether what the one half signs, the other half verifies: not every runtime looks at that when it imports. */
async function belongTogether(crypto: CryptoProviders, pair: SigningKeyPair): Promise<boolean> {
  const verifyKey = await importVerifyKey(crypto, pair.publicKeyPem);
  if (!verifyKey.ok) return false;
  const probe = new Uint8Array(32);
  const signature = await signEcdsa(crypto, pair.key, probe).catch(() => undefined);
  return signature !== undefined &&
    await verifyEcdsa(crypto, verifyKey.value, signature, probe);
}

async function fingerprint(crypto: CryptoProviders, pair: SigningKeyPair): Promise<string> {
  return encodeHex((await sha256(crypto, Buffer.from(pair.publicKeyPem))).subarray(0, 8));
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

import { Buffer } from "node:buffer";
import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createHmac,
  createPublicKey,
  timingSafeEqual,
  verify as verifySignature,
  type VerifyKeyObjectInput,
} from "node:crypto";
import { nameOf, overlay } from "./crypto-overlay.ts";

/** Larger inputs leave the thread, because hashing them would hold up everything else. */
const MAX_SIGNED_BYTES = 16_384;

/**
 * Wraps `base` to do small operations on this thread with OpenSSL, in half the time that an implementation's checks or
 * a hop between threads take: SHA-256; HMAC-SHA-256, AES-GCM and unwrapping raw keys by AES-KW, with keys that were
 * imported raw and cannot be exported; ECDSA P-256 verification of short texts with keys that were imported as SPKI.
 * Leaves everything else, and every unusual parameter, to `base`. Node only.
 */
export function threadCrypto(base: Crypto): Crypto {
  const subtle = overlay(base.subtle, threadMethods(base.subtle));
  return overlay(base, { subtle });
}

type Algorithm = string | {
  readonly name: string;
  readonly hash?: unknown;
  readonly length?: number;
  readonly iv?: BufferSource;
  readonly additionalData?: BufferSource;
  readonly tagLength?: number;
};

function threadMethods(base: SubtleCrypto): object {
  const publicKeys = new WeakMap<CryptoKey, VerifyKeyObjectInput>();

  /** The key behind `key` if this thread does the operation. */
  const keyFor = <K>(
    found: K | undefined,
    algorithm: Algorithm,
    key: CryptoKey,
    usage: KeyUsage,
  ): K | undefined => {
    if (found === undefined) return undefined;
    if (key.algorithm.name !== nameOf(algorithm) || !key.usages.includes(usage)) {
      throw new DOMException(`the key is not meant for ${usage}`, "InvalidAccessError");
    }
    return found;
  };

  const importKey = async (
    format: "raw" | "spki",
    data: BufferSource,
    algorithm: Algorithm,
    extractable: boolean,
    usages: readonly KeyUsage[],
  ): Promise<CryptoKey> => {
    if (format === "raw" && !extractable) {
      const key = threadKey(algorithm, bytesOf(data), usages);
      if (key !== undefined) return key;
    }
    const key = await base.importKey(format, data, algorithm, extractable, usages);
    if (format === "spki" && isP256(key)) {
      const der = Buffer.from(bytesOf(data));
      publicKeys.set(key, {
        key: createPublicKey({ key: der, format: "der", type: "spki" }),
        dsaEncoding: "ieee-p1363",
      });
    }
    return key;
  };

  return {
    digest: async (algorithm: Algorithm, data: BufferSource) => {
      if (nameOf(algorithm) !== "SHA-256") return await base.digest(algorithm, data);
      return bufferOf(createHash("sha256").update(bytesOf(data)).digest());
    },

    importKey,

    unwrapKey: async (
      format: "raw",
      wrapped: BufferSource,
      wrappingKey: CryptoKey,
      wrapping: Algorithm,
      algorithm: Algorithm,
      extractable: boolean,
      usages: KeyUsage[],
    ) => {
      const secret = keyFor(ThreadKey.secretOf(wrappingKey), wrapping, wrappingKey, "unwrapKey");
      if (secret === undefined) {
        const how = [wrapping, algorithm, extractable, usages] as const;
        return await base.unwrapKey(format, wrapped, wrappingKey, ...how);
      }
      if (format !== "raw") throw new DOMException("only raw keys", "NotSupportedError");
      return await importKey(
        "raw",
        unwrapped(secret, bytesOf(wrapped)),
        algorithm,
        extractable,
        usages,
      );
    },

    sign: async (algorithm: Algorithm, key: CryptoKey, data: BufferSource) => {
      const secret = keyFor(ThreadKey.secretOf(key), algorithm, key, "sign");
      if (secret === undefined) return await base.sign(algorithm, key, data);
      return bufferOf(createHmac("sha256", secret).update(bytesOf(data)).digest());
    },

    verify: async (
      algorithm: Algorithm,
      key: CryptoKey,
      signature: BufferSource,
      data: BufferSource,
    ) => {
      const secret = keyFor(ThreadKey.secretOf(key), algorithm, key, "verify");
      if (secret !== undefined) {
        const mac = createHmac("sha256", secret).update(bytesOf(data)).digest();
        const sent = bytesOf(signature);
        return sent.length === mac.length && timingSafeEqual(sent, mac);
      }
      const found = keyFor(publicKeys.get(key), algorithm, key, "verify");
      const long = data.byteLength > MAX_SIGNED_BYTES;
      if (found === undefined || long || nameOf(hashOf(algorithm)) !== "SHA-256") {
        return await base.verify(algorithm, key, signature, data);
      }
      return verifySignature("sha256", bytesOf(data), found, bytesOf(signature));
    },

    encrypt: async (algorithm: Algorithm, key: CryptoKey, data: BufferSource) => {
      const secret = keyFor(ThreadKey.secretOf(key), algorithm, key, "encrypt");
      if (secret === undefined) return await base.encrypt(algorithm, key, data);
      const { name, iv, additional, authTagLength } = gcm(algorithm, secret);
      const cipher = createCipheriv(name, secret, iv, { authTagLength }).setAAD(additional);
      const parts = [cipher.update(bytesOf(data)), cipher.final(), cipher.getAuthTag()];
      return bufferOf(Buffer.concat(parts));
    },

    decrypt: async (algorithm: Algorithm, key: CryptoKey, data: BufferSource) => {
      const secret = keyFor(ThreadKey.secretOf(key), algorithm, key, "decrypt");
      if (secret === undefined) return await base.decrypt(algorithm, key, data);
      const { name, iv, additional, authTagLength } = gcm(algorithm, secret);
      const bytes = bytesOf(data);
      const end = bytes.length - authTagLength;
      try {
        const cipher = createDecipheriv(name, secret, iv, { authTagLength })
          .setAAD(additional).setAuthTag(bytes.subarray(end));
        return bufferOf(Buffer.concat([cipher.update(bytes.subarray(0, end)), cipher.final()]));
      } catch {
        throw new DOMException("it cannot be decrypted", "OperationError");
      }
    },
  };
}

/**
 * A secret key that only this thread's operations can use. (A map from keys to secrets, or a KeyObject for each,
 * burdens the garbage collector.)
 */
class ThreadKey implements CryptoKey {
  readonly type = "secret";
  readonly extractable = false;
  readonly algorithm: KeyAlgorithm;
  readonly usages: KeyUsage[];
  readonly #secret: Uint8Array<ArrayBuffer>;

  constructor(
    algorithm: HmacKeyAlgorithm | AesKeyAlgorithm,
    usages: readonly KeyUsage[],
    bytes: Uint8Array,
  ) {
    this.algorithm = algorithm;
    this.usages = [...usages];
    this.#secret = new Uint8Array(bytes);
  }

  static secretOf(key: CryptoKey): Uint8Array<ArrayBuffer> | undefined {
    return #secret in key ? key.#secret : undefined;
  }
}

/** A key for HMAC with SHA-256, for AES-GCM or for unwrapping by AES-KW only. */
function threadKey(
  algorithm: Algorithm,
  bytes: Uint8Array,
  usages: readonly KeyUsage[],
): CryptoKey | undefined {
  const name = nameOf(algorithm);
  const length = bytes.length * 8;
  if (usages.length === 0) return undefined;
  if (name === "HMAC" && length > 0 && nameOf(hashOf(algorithm)) === "SHA-256") {
    if (typeof algorithm !== "string" && algorithm.length !== undefined) return undefined;
    if (!usages.every((usage) => usage === "sign" || usage === "verify")) return undefined;
    return new ThreadKey({ name, hash: { name: "SHA-256" }, length }, usages, bytes);
  }
  if (name === "AES-KW" && length === 256 && usages.every((usage) => usage === "unwrapKey")) {
    return new ThreadKey({ name, length }, usages, bytes);
  }
  if (name === "AES-GCM" && [128, 192, 256].includes(length)) {
    if (!usages.every((usage) => usage === "encrypt" || usage === "decrypt")) return undefined;
    return new ThreadKey({ name, length }, usages, bytes);
  }
  return undefined;
}

/** The initial value of RFC 3394, section 2.2.3.1. */
const WRAP_VALUE = new Uint8Array(8).fill(0xa6);

/** Unwraps a key from AES-256 key wrap (RFC 3394). */
function unwrapped(secret: Uint8Array, wrapped: Uint8Array): Buffer<ArrayBuffer> {
  try {
    const decipher = createDecipheriv("id-aes256-wrap", secret, WRAP_VALUE);
    return Buffer.concat([decipher.update(wrapped), decipher.final()]);
  } catch {
    throw new DOMException("it cannot be unwrapped", "OperationError");
  }
}

function isP256({ algorithm }: CryptoKey): boolean {
  return algorithm.name === "ECDSA" && "namedCurve" in algorithm &&
    algorithm.namedCurve === "P-256";
}

function hashOf(algorithm: Algorithm): unknown {
  return typeof algorithm === "string" ? undefined : algorithm.hash;
}

const NONE = new Uint8Array();

/** Parameters of AES-GCM (W3C WebCrypto, AesGcmParams) in OpenSSL's form. */
function gcm(algorithm: Algorithm, key: Uint8Array) {
  const { iv, additionalData, tagLength = 128 } = typeof algorithm === "string"
    ? { iv: undefined }
    : algorithm;
  if (iv === undefined) throw new TypeError("AES-GCM needs an iv");
  return {
    name: key.length === 32
      ? "aes-256-gcm" as const
      : key.length === 24
      ? "aes-192-gcm" as const
      : "aes-128-gcm" as const,
    iv: bytesOf(iv),
    additional: additionalData === undefined ? NONE : bytesOf(additionalData),
    authTagLength: tagLength / 8,
  };
}

function bytesOf(data: BufferSource): Uint8Array<ArrayBuffer> {
  return ArrayBuffer.isView(data)
    ? new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
    : new Uint8Array(data);
}

/** Copies the bytes to their own buffer, because some are in a shared pool. */
function bufferOf({ buffer, byteOffset, byteLength }: Buffer<ArrayBuffer>): ArrayBuffer {
  return byteLength === buffer.byteLength
    ? buffer
    : buffer.slice(byteOffset, byteOffset + byteLength);
}

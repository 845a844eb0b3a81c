/** `gcp-kms:RESOURCE`: keys in Google Cloud KMS. Source: Cloud KMS API, REST reference v1. */

import * as z from "zod";
import { encodeBase64 } from "../bytes/base64.ts";
import type { BearerCall } from "../cloud/bearer-service.ts";
import { jsonOf, type ServiceAnswer } from "../cloud/service-call.ts";
import { AppError } from "../errors.ts";
import { sha256 } from "./crypto.ts";
import { expiringCache } from "./expiring-cache.ts";
import { gcpKeyIn, gcpKeyPlace } from "./gcp-kms-reference.ts";
import type { KeyManager, KeyPurpose, KeyReference, KeyVersion } from "./key-manager.ts";
import { pemToDer } from "./pem.ts";
import { missingKey, shown, undecryptable, wrongPurpose } from "./reference.ts";
import {
  base64Member,
  membersOf,
  p256Pem,
  plainSignature,
  reach,
  refusal,
  type RemoteManager,
  wrongCurve,
} from "./remote.ts";

/** What {@link gcpKmsKeys} needs. */
export type GcpKmsOptions = {
  readonly call: BearerCall;
  /** `https://cloudkms.googleapis.com`. */
  readonly endpoint: URL;
  /** CREATE_HSM_KEYS: whether keys that are made live in a hardware module. */
  readonly hardware: boolean;
  readonly crypto: Crypto;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

/** How long the newest version and public keys are kept. */
const CACHE_MS = 60_000;
/** A page of versions; only the newest matters, and there are few. */
const PAGE_SIZE = 100;
const MAX_PAGES = 10;

const GRANT = "grant this server's service account the role for it on the key";
const MANAGER: RemoteManager = {
  title: "Google Cloud KMS",
  settings: "GOOGLE_KMS_ENDPOINT",
  cures: new Map([
    ["PERMISSION_DENIED", GRANT],
    ["UNAUTHENTICATED", "check this server's credentials for Google, and this machine's clock"],
    ["FAILED_PRECONDITION", "enable the key version, or name another"],
    ["RESOURCE_EXHAUSTED", "raise the quota of Cloud KMS; it is tried again later"],
  ]),
};

const versionMember = z.object({
  name: z.string().max(512),
  state: z.string(),
  createTime: z.string().transform((text) => Date.parse(text)).refine(Number.isFinite),
});
const versionList = z.object({
  cryptoKeyVersions: z.array(versionMember).max(PAGE_SIZE).default([]),
  nextPageToken: z.string().optional(),
});
const cryptoKey = z.object({ purpose: z.string() });
const pemMember = z.object({ pem: z.string(), algorithm: z.string() });
const signatureMember = z.object({ signature: base64Member });
const ciphertextMember = z.object({ ciphertext: base64Member });
/** Empty bytes are left out of an answer. */
const plaintextMember = z.object({ plaintext: base64Member });

/**
 * Keys of Cloud KMS, `gcp-kms:projects/…/cryptoKeys/NAME`, for signing with a version or, without one, the newest
 * that is enabled. Encryption and additional data are those of the service itself.
 */
export function gcpKmsKeys(options: GcpKmsOptions): KeyManager {
  const { crypto, now } = options;

  const ask = (
    reference: KeyReference,
    method: "GET" | "POST",
    path: string,
    body?: Readonly<Record<string, unknown>>,
  ) =>
    reach(MANAGER, reference, () =>
      options.call({
        method,
        url: new URL(`/v1/${path}`, options.endpoint),
        ...(body === undefined ? {} : { body }),
      }));

  const purposeOf = async (reference: KeyReference): Promise<KeyPurpose | "other" | undefined> => {
    const answer = await ask(reference, "GET", gcpKeyPlace(reference).key);
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw explain(reference, answer);
    const { purpose } = membersOf(MANAGER, reference, cryptoKey, answer);
    return PURPOSES.get(purpose) ?? "other";
  };

  /** Throws what is wrong with a key that refused an operation. */
  const misuse = async (
    reference: KeyReference,
    wanted: KeyPurpose,
    answer: ServiceAnswer,
  ): Promise<AppError> => {
    const purpose = await purposeOf(reference);
    if (purpose === undefined) return missingKey(reference);
    if (purpose === "other") return wrongCurve(reference);
    if (purpose !== wanted) return wrongPurpose(reference, purpose);
    const isOther = purpose === "sign" && statusOf(answer) === "INVALID_ARGUMENT";
    return isOther ? wrongCurve(reference) : explain(reference, answer);
  };

  const list = async (reference: KeyReference): Promise<readonly KeyVersion[] | undefined> => {
    const { key, version } = gcpKeyPlace(reference);
    const found: KeyVersion[] = [];
    let page = "";
    for (let pages = 0; pages < MAX_PAGES; pages++) {
      const query = new URLSearchParams({ pageSize: String(PAGE_SIZE), filter: "state=ENABLED" });
      if (page !== "") query.set("pageToken", page);
      const answer = await ask(reference, "GET", `${key}/cryptoKeyVersions?${query}`);
      if (answer.status === 404) return undefined;
      if (answer.status !== 200) throw explain(reference, answer);
      const list = membersOf(MANAGER, reference, versionList, answer);
      for (const { name, state, createTime } of list.cryptoKeyVersions) {
        const number = gcpKeyIn(name)?.version;
        if (number === undefined || state !== "ENABLED") continue;
        if (version !== undefined && version !== number) continue;
        found.push({ version: number, createdAt: Math.floor(createTime / 1000) });
      }
      page = list.nextPageToken ?? "";
      if (page === "") break;
    }
    return found.sort((a, b) => Number(a.version) - Number(b.version));
  };
  const lists = expiringCache<readonly KeyVersion[]>({ read: list, now, cacheMs: CACHE_MS });

  /** The name of the version that signs. */
  const signing = async (reference: KeyReference): Promise<string> => {
    const { key, version } = gcpKeyPlace(reference);
    if (version !== undefined) return `${key}/cryptoKeyVersions/${version}`;
    const versions = await lists.get(reference, false);
    if (versions === undefined) throw missingKey(reference);
    const newest = versions.at(-1);
    if (newest !== undefined) return `${key}/cryptoKeyVersions/${newest.version}`;
    if (await purposeOf(reference) === "encrypt") throw wrongPurpose(reference, "encrypt");
    throw new AppError(
      "key_unavailable",
      `${shown(reference)} has no enabled version: enable one, or make one`,
    );
  };

  const readPublicKey = async (reference: KeyReference): Promise<string> => {
    const answer = await ask(reference, "GET", `${await signing(reference)}/publicKey`);
    if (answer.status === 400) throw await misuse(reference, "sign", answer);
    if (answer.status !== 200) throw explain(reference, answer);
    const { pem, algorithm } = membersOf(MANAGER, reference, pemMember, answer);
    const der = pemToDer(pem, "PUBLIC KEY");
    if (der === undefined || algorithm !== ALGORITHM) throw wrongCurve(reference);
    return p256Pem(reference, der);
  };
  const publicKeys = expiringCache<string>({ read: readPublicKey, now, cacheMs: CACHE_MS });

  return {
    async create(reference, purpose) {
      const { ring, id, key, version } = gcpKeyPlace(reference);
      if (version !== undefined) {
        throw new AppError(
          "unimplemented",
          `${shown(reference)}: name the key, not a version of it`,
        );
      }
      const there = await purposeOf(reference);
      if (there !== undefined && there !== purpose) {
        throw there === "other" ? wrongCurve(reference) : wrongPurpose(reference, there);
      }
      const answer = there === undefined
        ? await ask(reference, "POST", `${ring}/cryptoKeys?cryptoKeyId=${id}`, {
          purpose: purpose === "sign" ? "ASYMMETRIC_SIGN" : "ENCRYPT_DECRYPT",
          versionTemplate: {
            algorithm: purpose === "sign" ? ALGORITHM : "GOOGLE_SYMMETRIC_ENCRYPTION",
            protectionLevel: options.hardware ? "HSM" : "SOFTWARE",
          },
        })
        : await ask(reference, "POST", `${key}/cryptoKeyVersions`, {});
      // 409: made by another process, or by an attempt whose answer was lost.
      if (answer.status !== 200 && answer.status !== 409) throw explain(reference, answer);
      lists.forget(reference);
      publicKeys.forget(reference);
      const newest = (await list(reference))?.at(-1);
      if (newest !== undefined) return newest;
      throw new AppError(
        "key_unavailable",
        `${shown(reference)} is being made: Google Cloud KMS needs a moment, try again`,
      );
    },

    async exists(reference) {
      return await purposeOf(reference) !== undefined;
    },

    async publicKeyPem(reference) {
      const pem = await publicKeys.get(reference, false);
      if (pem === undefined) throw missingKey(reference);
      return pem;
    },

    async sign(reference, data) {
      const digest = { sha256: encodeBase64(await sha256(crypto, data)) };
      const path = `${await signing(reference)}:asymmetricSign`;
      const answer = await ask(reference, "POST", path, { digest });
      // The version that was the newest may be disabled by now.
      if (answer.status !== 200) lists.forget(reference);
      if (answer.status === 400) throw await misuse(reference, "sign", answer);
      if (answer.status !== 200) throw explain(reference, answer);
      const { signature } = membersOf(MANAGER, reference, signatureMember, answer);
      return plainSignature(reference, signature);
    },

    async encrypt(reference, plaintext, additionalData) {
      const answer = await ask(reference, "POST", `${gcpKeyPlace(reference).key}:encrypt`, {
        plaintext: encodeBase64(plaintext),
        additionalAuthenticatedData: encodeBase64(additionalData),
      });
      if (answer.status === 400) throw await misuse(reference, "encrypt", answer);
      if (answer.status !== 200) throw explain(reference, answer);
      return membersOf(MANAGER, reference, ciphertextMember, answer).ciphertext;
    },

    async decrypt(reference, ciphertext, additionalData) {
      const answer = await ask(reference, "POST", `${gcpKeyPlace(reference).key}:decrypt`, {
        ciphertext: encodeBase64(ciphertext),
        additionalAuthenticatedData: encodeBase64(additionalData),
      });
      if (answer.status === 400) {
        const error = await misuse(reference, "encrypt", answer);
        throw statusOf(answer) === "INVALID_ARGUMENT" && error.code === "key_unavailable"
          ? undecryptable(reference)
          : error;
      }
      if (answer.status !== 200) throw explain(reference, answer);
      return membersOf(MANAGER, reference, plaintextMember, answer).plaintext;
    },

    async versions(reference) {
      return await lists.get(reference, true) ?? [];
    },

    async destroy(reference, version) {
      const { key } = gcpKeyPlace(reference);
      const number = /^\d{1,10}$/.test(version) ? version : "0";
      const answer = await ask(reference, "POST", `${key}/cryptoKeyVersions/${number}:destroy`, {});
      lists.forget(reference);
      publicKeys.forget(reference);
      if (answer.status === 404) {
        throw new AppError("key_not_found", `${shown(reference)} has no version ${shown(version)}`);
      }
      if (answer.status !== 200) throw explain(reference, answer);
    },
  };
}

const ALGORITHM = "EC_SIGN_P256_SHA256";
const PURPOSES: ReadonlyMap<string, KeyPurpose> = new Map([
  ["ASYMMETRIC_SIGN", "sign"],
  ["ENCRYPT_DECRYPT", "encrypt"],
]);

const errorBody = z.object({ error: z.object({ status: z.string().regex(/^[A-Z_]{1,40}$/) }) });

/** `PERMISSION_DENIED` and so on; empty when the answer has none. */
function statusOf(answer: ServiceAnswer): string {
  return errorBody.safeParse(jsonOf(answer)).data?.error.status ?? "";
}

function explain(reference: KeyReference, answer: ServiceAnswer): AppError {
  if (answer.status === 404) return missingKey(reference);
  return refusal(MANAGER, reference, answer, statusOf(answer));
}

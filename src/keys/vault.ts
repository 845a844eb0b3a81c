/** `vault:NAME`: keys in the Transit engine of HashiCorp Vault or OpenBao. Source: Vault API, "Transit". */

import * as z from "zod";
import { decodeBase64, encodeBase64 } from "../bytes/base64.ts";
import type { ServiceAnswer } from "../cloud/service-call.ts";
import type { VaultCall } from "../cloud/vault/service.ts";
import { AppError } from "../errors.ts";
import { sha256 } from "./crypto.ts";
import { expiringCache } from "./expiring-cache.ts";
import type { KeyManager, KeyPurpose, KeyReference, KeyVersion } from "./key-manager.ts";
import { concatBytes, pemToDer } from "./pem.ts";
import { missingKey, shown, splitReference, undecryptable, wrongPurpose } from "./reference.ts";
import { membersOf, p256Pem, reach, refusal, type RemoteManager, wrongCurve } from "./remote.ts";

/** What {@link vaultKeys} needs. */
export type VaultKeyOptions = {
  readonly call: VaultCall;
  /** VAULT_TRANSIT_PATH. */
  readonly transit: string;
  readonly crypto: Crypto;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
};

const CACHE_MS = 60_000;
const VERSION_BYTES = 4;
const NAME = /^([A-Za-z0-9_][A-Za-z0-9._-]{0,127})(?:@([1-9]\d{0,8}))?$/;

const MANAGER: RemoteManager = {
  title: "Vault",
  settings: "VAULT_ADDR and VAULT_TRANSIT_PATH",
  cures: new Map([
    ["403", "check VAULT_TOKEN, that it has not expired, and that its policy allows this"],
    ["503", "unseal Vault; it is tried again later"],
  ]),
};

const keyMember = z.object({
  data: z.object({
    type: z.string(),
    latest_version: z.number().int().min(1),
    keys: z.record(
      z.string().regex(/^[1-9]\d{0,8}$/),
      z.union([z.number(), z.object({ creation_time: z.string(), public_key: z.string() })]),
    ),
  }),
});
const signatureMember = z.object({
  data: z.object({ signature: z.string().regex(/^vault:v\d+:[A-Za-z0-9_-]+$/) }),
});
const ciphertextMember = z.object({
  data: z.object({ ciphertext: z.string().regex(/^vault:v\d+:/) }),
});
const plaintextMember = z.object({ data: z.object({ plaintext: z.string() }) });

type VaultKey = {
  readonly purpose: KeyPurpose | "other";
  readonly versions: readonly KeyVersion[];
  readonly publicKeys: ReadonlyMap<string, string>;
};

/**
 * Keys of Transit, `vault:NAME` or, for signing with one version, `vault:NAME@VERSION`. For encryption they are of
 * type `aes256-gcm96`; {@link KeyManager.encrypt} gives version(4, big-endian) ‖ what follows `vault:vN:`, decoded.
 */
export function vaultKeys(options: VaultKeyOptions): KeyManager {
  const { crypto, now, transit } = options;

  const ask = (
    reference: KeyReference,
    method: "GET" | "POST",
    path: string,
    body?: Readonly<Record<string, unknown>>,
  ) =>
    reach(MANAGER, reference, () =>
      options.call({
        method,
        path: `${transit}/${path}`,
        ...(body === undefined ? {} : { body }),
      }));

  const read = async (reference: KeyReference): Promise<VaultKey | undefined> => {
    const { name, version } = placeOf(reference);
    const answer = await ask(reference, "GET", `keys/${name}`);
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw refusal(MANAGER, reference, answer);
    const { data } = membersOf(MANAGER, reference, keyMember, answer);
    const publicKeys = new Map<string, string>();
    const versions: KeyVersion[] = [];
    for (const [number, key] of Object.entries(data.keys)) {
      if (version !== undefined && number !== version) continue;
      const createdAt = typeof key === "number"
        ? key
        : Math.floor(Date.parse(key.creation_time) / 1000);
      versions.push({ version: number, createdAt });
      if (typeof key !== "number") publicKeys.set(number, key.public_key);
    }
    versions.sort((a, b) => Number(a.version) - Number(b.version));
    return { purpose: PURPOSES.get(data.type) ?? "other", versions, publicKeys };
  };
  const known = expiringCache<VaultKey>({ read, now, cacheMs: CACHE_MS });

  /** What is wrong with a key that refused an operation. */
  const misuse = async (
    reference: KeyReference,
    wanted: KeyPurpose,
    answer: ServiceAnswer,
  ): Promise<AppError> => {
    const key = await known.get(reference, true);
    if (key === undefined) return missingKey(reference);
    if (key.purpose === "other") return wrongCurve(reference);
    if (key.purpose !== wanted) return wrongPurpose(reference, key.purpose);
    return refusal(MANAGER, reference, answer);
  };

  return {
    async create(reference, purpose) {
      const { name, version } = placeOf(reference);
      if (version !== undefined) {
        throw new AppError(
          "unimplemented",
          `${shown(reference)}: name the key, not a version of it`,
        );
      }
      const there = await known.get(reference, true);
      if (there !== undefined && there.purpose !== purpose) {
        throw there.purpose === "other"
          ? wrongCurve(reference)
          : wrongPurpose(reference, there.purpose);
      }
      const answer = there === undefined
        ? await ask(reference, "POST", `keys/${name}`, { type: TYPES[purpose] })
        : await ask(reference, "POST", `keys/${name}/rotate`, {});
      known.forget(reference);
      if (answer.status !== 200 && answer.status !== 204) {
        throw refusal(MANAGER, reference, answer);
      }
      const newest = (await known.get(reference, true))?.versions.at(-1);
      if (newest === undefined) throw missingKey(reference);
      return newest;
    },

    async exists(reference) {
      const key = await known.get(reference, true);
      return key !== undefined && key.versions.length > 0;
    },

    async publicKeyPem(reference) {
      const key = await known.get(reference, false);
      const newest = key?.versions.at(-1);
      if (key === undefined || newest === undefined) throw missingKey(reference);
      if (key.purpose === "encrypt") throw wrongPurpose(reference, "encrypt");
      const der = pemToDer(key.publicKeys.get(newest.version) ?? "", "PUBLIC KEY");
      if (key.purpose === "other" || der === undefined) throw wrongCurve(reference);
      return p256Pem(reference, der);
    },

    async sign(reference, data) {
      const { name, version } = placeOf(reference);
      const answer = await ask(reference, "POST", `sign/${name}/sha2-256`, {
        input: encodeBase64(await sha256(crypto, data)),
        prehashed: true,
        marshaling_algorithm: "jws",
        ...(version === undefined ? {} : { key_version: Number(version) }),
      });
      if (answer.status === 400 || answer.status === 404) {
        throw await misuse(reference, "sign", answer);
      }
      if (answer.status !== 200) throw refusal(MANAGER, reference, answer);
      const { data: { signature } } = membersOf(MANAGER, reference, signatureMember, answer);
      const bytes = decodeBase64(signature.slice(signature.lastIndexOf(":") + 1));
      if (bytes?.length !== 64) throw wrongCurve(reference);
      return bytes;
    },

    async encrypt(reference, plaintext, additionalData) {
      const { name } = placeOf(reference);
      // Transit makes a key that it does not have, when the policy allows it.
      const key = await known.get(reference, false);
      if (key === undefined) throw missingKey(reference);
      if (key.purpose !== "encrypt") throw await misuse(reference, "encrypt", NO_ANSWER);
      const answer = await ask(reference, "POST", `encrypt/${name}`, {
        plaintext: encodeBase64(plaintext),
        associated_data: encodeBase64(additionalData),
      });
      if (answer.status !== 200) throw await misuse(reference, "encrypt", answer);
      const { data: { ciphertext } } = membersOf(MANAGER, reference, ciphertextMember, answer);
      const [, version = "", text = ""] = /^vault:v(\d+):(.*)$/.exec(ciphertext) ?? [];
      const bytes = decodeBase64(text);
      if (bytes === undefined) throw refusal(MANAGER, reference, answer);
      const prefix = new Uint8Array(VERSION_BYTES);
      new DataView(prefix.buffer).setUint32(0, Number(version));
      return concatBytes(prefix, bytes);
    },

    async decrypt(reference, ciphertext, additionalData) {
      const { name } = placeOf(reference);
      const version = ciphertext.length < VERSION_BYTES
        ? 0
        : new DataView(ciphertext.buffer, ciphertext.byteOffset).getUint32(0);
      const text = encodeBase64(ciphertext.subarray(VERSION_BYTES));
      const answer = await ask(reference, "POST", `decrypt/${name}`, {
        ciphertext: `vault:v${version}:${text}`,
        associated_data: encodeBase64(additionalData),
      });
      if (answer.status === 400 || answer.status === 404) {
        const error = await misuse(reference, "encrypt", answer);
        throw error.code === "key_unavailable" ? undecryptable(reference) : error;
      }
      if (answer.status !== 200) throw refusal(MANAGER, reference, answer);
      const { data } = membersOf(MANAGER, reference, plaintextMember, answer);
      const plaintext = decodeBase64(data.plaintext);
      if (plaintext === undefined) throw undecryptable(reference);
      return plaintext;
    },

    async versions(reference) {
      return (await known.get(reference, false))?.versions ?? [];
    },

    destroy(reference) {
      placeOf(reference);
      return Promise.reject(
        new AppError(
          "unimplemented",
          `${
            shown(reference)
          }: Vault destroys no single version; raise min_decryption_version and trim the key`,
        ),
      );
    },
  };
}

const TYPES: Readonly<Record<KeyPurpose, string>> = { sign: "ecdsa-p256", encrypt: "aes256-gcm96" };
const PURPOSES: ReadonlyMap<string, KeyPurpose> = new Map([
  [TYPES.sign, "sign"],
  [TYPES.encrypt, "encrypt"],
]);
const NO_ANSWER: ServiceAnswer = { status: 400, headers: new Headers(), text: "" };

function placeOf(
  reference: KeyReference,
): { readonly name: string; readonly version: string | undefined } {
  const { scheme, rest } = splitReference(reference);
  const [, name, version] = NAME.exec(rest) ?? [];
  if (scheme === "vault" && name !== undefined) return { name, version };
  throw new AppError(
    "key_not_found",
    `${shown(reference)} is no key of Vault: write vault:NAME, or vault:NAME@VERSION for signing`,
  );
}

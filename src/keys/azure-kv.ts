/** `azure-kv:URL`: keys in Azure Key Vault or Managed HSM. Source: Key Vault REST API reference, version 7.4. */

import * as z from "zod";
import { encodeBase64Url } from "../bytes/base64.ts";
import { type AzureTokens } from "../cloud/azure/identity.ts";
import { type BearerCall, bearerCaller } from "../cloud/bearer-service.ts";
import { jsonOf, type ServiceAnswer } from "../cloud/service-call.ts";
import type { HttpOptions } from "../blob/retrying-fetch.ts";
import { AppError } from "../errors.ts";
import { type KeyPlace, keyVaultAudience, keyVaultPlace, sameVault } from "./azure-kv-reference.ts";
import { sha256 } from "./crypto.ts";
import { openEnvelope, sealEnvelope } from "./envelope.ts";
import { expiringCache } from "./expiring-cache.ts";
import type { KeyManager, KeyPurpose, KeyReference, KeyVersion } from "./key-manager.ts";
import { missingKey, shown, undecryptable, wrongPurpose } from "./reference.ts";
import {
  base64Member,
  membersOf,
  p256Pem,
  reach,
  refusal,
  type RemoteManager,
  wrongCurve,
} from "./remote.ts";
import { p256Spki } from "./spki.ts";

/** What {@link azureKvKeys} needs. */
export type AzureKvOptions = {
  readonly tokens: AzureTokens;
  readonly http: HttpOptions;
  /** AZURE_KEY_VAULT_URL: a vault at another place than those of Azure. */
  readonly keyVault?: URL;
  /** CREATE_HSM_KEYS: whether keys that are made live in a hardware module. */
  readonly hardware: boolean;
  readonly crypto: Crypto;
};

const CACHE_MS = 60_000;
const API_VERSION = "7.4";
/** A page of versions. */
const PAGE_SIZE = 25;
const MAX_PAGES = 40;
/** RSA keys that wrap; 3072 bits are as strong as AES-128 (NIST SP 800-57). */
const RSA_BITS = 3072;

const MANAGER: RemoteManager = {
  title: "Azure Key Vault",
  settings: "the vault's name and AZURE_KEY_VAULT_URL",
  cures: new Map([
    ["401", "check this server's identity at Azure, and this machine's clock"],
    [
      "403",
      "give this server's identity the role for it on the key, and check the vault's firewall",
    ],
    [
      "Forbidden",
      "give this server's identity the role for it, enable the key, check the vault's firewall",
    ],
    ["429", "the vault is asked too often; it is tried again later"],
  ]),
};

const attributes = z.object({ enabled: z.boolean().default(true), created: z.number() });
const keyBundle = z.object({
  key: z.object({
    kid: z.string(),
    kty: z.string(),
    crv: z.string().optional(),
    x: base64Member.optional(),
    y: base64Member.optional(),
  }),
  attributes,
});
const versionList = z.object({
  value: z.array(z.object({ kid: z.string(), attributes })).max(PAGE_SIZE),
  nextLink: z.string().nullish(),
});
const result = z.object({ value: base64Member });

type KvKey = {
  readonly purpose: KeyPurpose | "other";
  readonly version: KeyVersion;
  readonly spki: Uint8Array | undefined;
};

/**
 * Keys of Key Vault: `azure-kv:https://NAME.vault.azure.net/keys/KEY[/VERSION]`, or `azure-kv:NAME/KEY[/VERSION]` as
 * the reference server spells them. Its vaults have no authenticated encryption, so {@link KeyManager.encrypt}
 * seals with a key of its own, which an RSA key of the vault wraps (RSA-OAEP-256): see {@link sealEnvelope}.
 */
export function azureKvKeys(options: AzureKvOptions): KeyManager {
  const { crypto, http } = options;
  const calls = new Map<string, BearerCall>();

  const ask = (
    reference: KeyReference,
    place: KeyPlace,
    method: "GET" | "POST",
    url: URL,
    body?: Readonly<Record<string, unknown>>,
  ) =>
    reach(MANAGER, reference, () => {
      const audience = keyVaultAudience(place.vault, options.keyVault);
      const call = calls.get(audience) ?? bearerCaller(options.tokens(audience), http);
      calls.set(audience, call);
      url.searchParams.set("api-version", API_VERSION);
      return call({ method, url, ...(body === undefined ? {} : { body }) });
    });

  const placeOf = (reference: KeyReference): KeyPlace => keyVaultPlace(reference, options.keyVault);

  const read = async (reference: KeyReference): Promise<KvKey | undefined> => {
    const place = placeOf(reference);
    const url = addressOf(place, place.version ?? "");
    const answer = await ask(reference, place, "GET", url);
    if (answer.status === 404) return undefined;
    if (answer.status !== 200) throw explain(reference, answer);
    const { key, attributes } = membersOf(MANAGER, reference, keyBundle, answer);
    const version = versionIn(key.kid);
    if (version === undefined) throw explain(reference, answer);
    const { x, y } = key;
    const isP256 = key.crv === "P-256" && x !== undefined && y !== undefined;
    return {
      purpose: key.kty.startsWith("EC") ? "sign" : key.kty.startsWith("RSA") ? "encrypt" : "other",
      version: { version, createdAt: Math.floor(attributes.created) },
      spki: isP256 ? p256Spki({ x, y }) : undefined,
    };
  };
  const known = expiringCache<KvKey>({ read, now: http.now, cacheMs: CACHE_MS });

  const need = async (reference: KeyReference, purpose: KeyPurpose): Promise<KvKey> => {
    const key = await known.get(reference, false);
    if (key === undefined) throw missingKey(reference);
    if (key.purpose === "other") throw wrongCurve(reference);
    if (key.purpose !== purpose) throw wrongPurpose(reference, key.purpose);
    return key;
  };

  const operate = async (
    reference: KeyReference,
    version: string,
    operation: "sign" | "wrapkey" | "unwrapkey",
    alg: string,
    value: Uint8Array,
  ): Promise<ServiceAnswer> => {
    const place = placeOf(reference);
    const url = addressOf(place, version);
    url.pathname += `/${operation}`;
    return await ask(reference, place, "POST", url, { alg, value: encodeBase64Url(value) });
  };

  return {
    async create(reference, purpose) {
      const place = placeOf(reference);
      if (place.version !== undefined) {
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
      const hsm = options.hardware ? "-HSM" : "";
      const url = addressOf(place, "create");
      const answer = await ask(reference, place, "POST", url, {
        ...(purpose === "sign"
          ? { kty: `EC${hsm}`, crv: "P-256", key_ops: ["sign", "verify"] }
          : { kty: `RSA${hsm}`, key_size: RSA_BITS, key_ops: ["wrapKey", "unwrapKey"] }),
      });
      known.forget(reference);
      if (answer.status !== 200) throw explain(reference, answer);
      return (await need(reference, purpose)).version;
    },

    async exists(reference) {
      return await known.get(reference, true) !== undefined;
    },

    async publicKeyPem(reference) {
      const { spki } = await need(reference, "sign");
      if (spki === undefined) throw wrongCurve(reference);
      return p256Pem(reference, spki);
    },

    async sign(reference, data) {
      const { version, spki } = await need(reference, "sign");
      if (spki === undefined) throw wrongCurve(reference);
      const digest = await sha256(crypto, data);
      const answer = await operate(reference, version.version, "sign", "ES256", digest);
      if (answer.status !== 200) {
        known.forget(reference);
        throw explain(reference, answer);
      }
      const { value } = membersOf(MANAGER, reference, result, answer);
      if (value.length !== 64) throw wrongCurve(reference);
      return value;
    },

    async encrypt(reference, plaintext, additionalData) {
      const { version } = await need(reference, "encrypt");
      return await sealEnvelope(crypto, plaintext, additionalData, async (key) => {
        const answer = await operate(reference, version.version, "wrapkey", WRAPPING, key);
        if (answer.status !== 200) {
          known.forget(reference);
          throw explain(reference, answer);
        }
        const { value } = membersOf(MANAGER, reference, result, answer);
        return { version: version.version, wrapped: value };
      });
    },

    async decrypt(reference, ciphertext, additionalData) {
      await need(reference, "encrypt");
      const plaintext = await openEnvelope(
        crypto,
        ciphertext,
        additionalData,
        async ({ version, wrapped }) => {
          if (!VERSION.test(version)) return undefined;
          const answer = await operate(reference, version, "unwrapkey", WRAPPING, wrapped);
          // A version that is not there, or bytes that it did not wrap.
          if (answer.status === 404 || answer.status === 400) return undefined;
          if (answer.status !== 200) throw explain(reference, answer);
          return membersOf(MANAGER, reference, result, answer).value;
        },
      );
      if (plaintext === undefined) throw undecryptable(reference);
      return plaintext;
    },

    async versions(reference) {
      const place = placeOf(reference);
      if (place.version !== undefined) {
        const key = await known.get(reference, false);
        return key === undefined ? [] : [key.version];
      }
      const found: KeyVersion[] = [];
      let url: URL | undefined = addressOf(place, "versions");
      url.searchParams.set("maxresults", String(PAGE_SIZE));
      for (let pages = 0; url !== undefined && pages < MAX_PAGES; pages++) {
        const answer: ServiceAnswer = await ask(reference, place, "GET", url);
        if (answer.status === 404) return [];
        if (answer.status !== 200) throw explain(reference, answer);
        const page = membersOf(MANAGER, reference, versionList, answer);
        for (const { kid, attributes } of page.value) {
          const version = versionIn(kid);
          if (version === undefined || !attributes.enabled) continue;
          found.push({ version, createdAt: Math.floor(attributes.created) });
        }
        url = sameVault(place, page.nextLink);
      }
      return found.sort((a, b) => a.createdAt - b.createdAt);
    },

    destroy(reference) {
      placeOf(reference);
      return Promise.reject(
        new AppError(
          "unimplemented",
          `${
            shown(reference)
          }: Azure Key Vault destroys no single version; disable it, or delete and purge the key`,
        ),
      );
    },
  };
}

const WRAPPING = "RSA-OAEP-256";
const VERSION = /^[A-Za-z0-9]{1,64}$/;

function addressOf({ vault, name }: KeyPlace, rest: string): URL {
  return new URL(`/keys/${name}${rest === "" ? "" : `/${rest}`}`, vault);
}

/** The version at the end of a key identifier. */
function versionIn(kid: string): string | undefined {
  const version = kid.slice(kid.lastIndexOf("/") + 1);
  return VERSION.test(version) ? version : undefined;
}

const errorBody = z.object({ error: z.object({ code: z.string().regex(/^[A-Za-z]{1,64}$/) }) });

function explain(reference: KeyReference, answer: ServiceAnswer): AppError {
  if (answer.status === 404) return missingKey(reference);
  const code = errorBody.safeParse(jsonOf(answer)).data?.error.code ?? "";
  return refusal(MANAGER, reference, answer, code);
}

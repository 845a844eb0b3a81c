import { importVerifyKey } from "../keys/crypto.ts";
import { secondsOf } from "../model/resource/members.ts";
import type { Issuer } from "../model/resource/issuer.ts";
import type { FetchedKey, IssuerKeyStore } from "../store/publish/issuer-key.ts";
import type { ResourceView } from "../store/resource/cache.ts";

/** A public key with the time in which it counts, in UTC seconds. */
export type KnownKey = {
  readonly from: number;
  readonly thru: number;
  /** Undefined when the PEM is no P-256 key. */
  readonly imported: () => Promise<CryptoKey | undefined>;
};

/** An issuer and its keys by version. */
export type KnownIssuer = { readonly issuer: Issuer; readonly keys: ReadonlyMap<string, KnownKey> };

/** Issuers by `iss`; several resources may name the same one, with different audiences. */
export type IssuerDirectory = ReadonlyMap<string, readonly KnownIssuer[]>;

/** What {@link issuerDirectories} needs. */
export type IssuerDirectoryDependencies = {
  readonly crypto: Crypto;
  readonly fetchedKeys: Pick<IssuerKeyStore, "active">;
  /** Milliseconds, of any epoch. */
  readonly nowMs: () => number;
};

/** The directory of a view, in which what was read of fetched keys is at most `maxAgeMs` (5 s) old. */
export type DirectoryOf = (view: ResourceView, maxAgeMs?: number) => Promise<IssuerDirectory>;

/** How old what was read of fetched keys may be. */
const MAX_AGE_MS = 5_000;

/**
 * Directories of views. One is rebuilt when the view or the fetched keys change; imported keys are kept. Fetched keys
 * are read only if some issuer has a URL. Throws when they were never read and cannot be.
 */
export function issuerDirectories(deps: IssuerDirectoryDependencies): DirectoryOf {
  const imports = new Map<string, Promise<CryptoKey | undefined>>();
  let fetched: readonly FetchedKey[] | undefined;
  let fetchedAt = -Infinity;
  let reading: Promise<void> | undefined;
  let built: Built | undefined;

  const imported = (pem: string) => {
    const known = imports.get(pem) ?? importVerifyKey(deps.crypto, pem)
      .then((outcome) => outcome.ok ? outcome.value : undefined);
    imports.set(pem, known);
    return known;
  };

  const read = async () => {
    const startedAt = deps.nowMs();
    try {
      fetched = await deps.fetchedKeys.active();
    } catch (error) {
      if (fetched === undefined) throw error;
    }
    fetchedAt = startedAt;
  };

  const fetchedKeys = async (maxAgeMs: number): Promise<readonly FetchedKey[]> => {
    if (deps.nowMs() - fetchedAt >= maxAgeMs) {
      reading ??= read().finally(() => reading = undefined);
      await reading;
    }
    return fetched ?? NONE;
  };

  const build = (view: ResourceView, keys: readonly FetchedKey[]): IssuerDirectory => {
    const issuers = view.list("Issuer");
    const pems = new Set([
      ...keys.map((key) => key.publicKeyPem),
      ...issuers.flatMap((issuer) => issuer.keys.map((key) => key.publicKeyPem)),
    ]);
    for (const pem of imports.keys()) if (!pems.has(pem)) imports.delete(pem);
    return directoryOf(issuers, keys, imported);
  };

  return async (view, maxAgeMs = MAX_AGE_MS) => {
    const hasUris = built?.revision === view.revision
      ? built.hasUris
      : view.list("Issuer").some((issuer) => issuer.jwksUri !== undefined);
    const keys = hasUris ? await fetchedKeys(maxAgeMs) : NONE;
    if (built?.revision !== view.revision || built.fetched !== keys) {
      built = { revision: view.revision, hasUris, fetched: keys, directory: build(view, keys) };
    }
    return built.directory;
  };
}

/** A directory, and what it was built from. */
type Built = {
  readonly revision: number;
  readonly hasUris: boolean;
  readonly fetched: readonly FetchedKey[];
  readonly directory: IssuerDirectory;
};

const NONE: readonly FetchedKey[] = [];

function directoryOf(
  issuers: readonly Issuer[],
  fetched: readonly FetchedKey[],
  imported: (pem: string) => Promise<CryptoKey | undefined>,
): IssuerDirectory {
  const directory = new Map<string, KnownIssuer[]>();
  for (const issuer of issuers) {
    const keys = new Map<string, KnownKey>();
    if (issuer.jwksUri !== undefined) {
      for (const key of fetched) {
        if (key.issuer !== issuer.name) continue;
        const bounds = { from: -Infinity, thru: Infinity };
        keys.set(key.version, { ...bounds, imported: () => imported(key.publicKeyPem) });
      }
    }
    // Keys of the configuration win over fetched ones of the same version.
    for (const key of issuer.keys) {
      keys.set(key.version, {
        from: secondsOf(key.from) ?? -Infinity,
        thru: secondsOf(key.thru) ?? Infinity,
        imported: () => imported(key.publicKeyPem),
      });
    }
    const same = directory.get(issuer.issuer);
    if (same === undefined) directory.set(issuer.issuer, [{ issuer, keys }]);
    else same.push({ issuer, keys });
  }
  return directory;
}

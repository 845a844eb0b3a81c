/** The public keys of export files in the form in which the phone platforms are told of them. */

/** A signing key that phones must know. */
export type PlatformKey = {
  /** The mobile country code, `verification_key_id` in an export file. */
  readonly keyId: string;
  /** `verification_key_version` in an export file. */
  readonly version: string;
  /** SPKI PEM. */
  readonly publicKeyPem: string;
};

/** What Apple and Google ask for, one entry a key. */
export type PlatformKeysJson = {
  readonly keys: readonly {
    readonly keyId: string;
    readonly keyVersion: string;
    readonly publicKey: string;
  }[];
};

/** Key id, version and PEM of each key, ordered by id, then version, so that the same keys give the same text. */
export function platformKeysJson(keys: readonly PlatformKey[]): PlatformKeysJson {
  return {
    keys: ordered(keys).map(({ keyId, version, publicKeyPem }) => ({
      keyId,
      keyVersion: version,
      publicKey: publicKeyPem,
    })),
  };
}

/** The same keys as PEM, each below a line that names it. */
export function platformKeysPem(keys: readonly PlatformKey[]): string {
  return ordered(keys).map(({ keyId, version, publicKeyPem }) =>
    `# key id ${keyId}, version ${version}\n${publicKeyPem.trimEnd()}\n`
  ).join("");
}

function ordered(keys: readonly PlatformKey[]): readonly PlatformKey[] {
  return keys.toSorted((a, b) => compare(a.keyId, b.keyId) || compare(a.version, b.version));
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

import type { KeyManager } from "../keys/key-manager.ts";
import type { Issuer } from "../model/resource/issuer.ts";
import type { Resource } from "../model/resource/kinds.ts";
import type { IssuerKeyStore } from "../store/publish/issuer-key.ts";

/** What describing resources needs. */
export type DescribeDependencies = {
  readonly keys: KeyManager;
  readonly issuerKeys: Pick<IssuerKeyStore, "states" | "standings">;
};

/** Read-only members of a resource's answer: a signing key's public key, an issuer's fetches and keys. */
export async function describeResource(
  deps: DescribeDependencies,
  resource: Resource,
): Promise<Readonly<Record<string, unknown>>> {
  switch (resource.kind) {
    case "SigningKey":
      return { publicKeyPem: await deps.keys.publicKeyPem(resource.key) };
    case "Issuer":
      return resource.jwksUri === undefined ? {} : { status: await keySetStatus(deps, resource) };
    default:
      return {};
  }
}

async function keySetStatus(
  { issuerKeys }: DescribeDependencies,
  { name }: Issuer,
): Promise<Readonly<Record<string, unknown>>> {
  const state = (await issuerKeys.states()).find((one) => one.issuer === name);
  const at = (seconds: number | undefined): string | null =>
    seconds === undefined ? null : new Date(seconds * 1000).toISOString();
  return {
    lastAttempt: at(state?.attemptedAt),
    lastFetch: at(state?.succeededAt),
    lastError: state?.error ?? null,
    ignored: state?.ignored ?? 0,
    keys: (await issuerKeys.standings(name)).map(({ version, since, revoked }) => ({
      kid: version,
      since: at(since),
      revoked: at(revoked),
    })),
  };
}

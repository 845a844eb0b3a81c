/** Where a key of Azure Key Vault is: `azure-kv:` references. */

import { AppError } from "../errors.ts";
import type { KeyReference } from "./key-manager.ts";
import { shown, splitReference } from "./reference.ts";

/** A key, or one version of it. */
export type KeyPlace = { readonly vault: URL; readonly name: string; readonly version?: string };

/** Vaults and managed HSMs of Azure's clouds: a token goes nowhere else. */
const HOST =
  /^[A-Za-z0-9-]{3,24}\.(?:vault|managedhsm)\.(?:azure\.net|azure\.cn|usgovcloudapi\.net)$/;
const PATH = /^\/keys\/([A-Za-z0-9-]{1,127})(?:\/([A-Za-z0-9]{1,64}))?$/;
const SHORT = /^([A-Za-z0-9-]{3,24})\/([A-Za-z0-9-]{1,127})(?:\/([A-Za-z0-9]{1,64}))?$/;
const OWN_AUDIENCE = "https://vault.azure.net";

/** Reads `https://NAME.vault.azure.net/keys/KEY[/VERSION]` and `NAME/KEY[/VERSION]`; `own`: AZURE_KEY_VAULT_URL. */
export function keyVaultPlace(reference: KeyReference, own: URL | undefined): KeyPlace {
  const { scheme, rest } = splitReference(reference);
  const place = scheme !== "azure-kv" ? undefined : shortPlace(rest, own) ?? urlPlace(rest, own);
  if (place !== undefined) return place;
  throw new AppError(
    "key_not_found",
    `${shown(reference)} is no key of Azure Key Vault: write ` +
      "azure-kv:https://NAME.vault.azure.net/keys/KEY or azure-kv:NAME/KEY, with /VERSION for one version",
  );
}

function shortPlace(rest: string, own: URL | undefined): KeyPlace | undefined {
  const [, vault, name, version] = SHORT.exec(rest) ?? [];
  if (vault === undefined || name === undefined) return undefined;
  const url = own ?? new URL(`https://${vault}.vault.azure.net`);
  return version === undefined ? { vault: url, name } : { vault: url, name, version };
}

function urlPlace(rest: string, own: URL | undefined): KeyPlace | undefined {
  const url = URL.canParse(rest) ? new URL(rest) : undefined;
  const allowed = url?.origin === own?.origin ||
    (url?.protocol === "https:" && url.port === "" && HOST.test(url.hostname));
  const [, name, version] = PATH.exec(url?.pathname ?? "") ?? [];
  if (url === undefined || !allowed || name === undefined || url.search + url.hash !== "") {
    return undefined;
  }
  const vault = new URL(url.origin);
  return version === undefined ? { vault, name } : { vault, name, version };
}

/** What a token for a vault is for: `https://vault.azure.net` for `https://NAME.vault.azure.net`. */
export function keyVaultAudience(vault: URL, own: URL | undefined): string {
  if (vault.origin === own?.origin) return OWN_AUDIENCE;
  return `https://${vault.hostname.slice(vault.hostname.indexOf(".") + 1)}`;
}

/** The next page of a list, when it is in the same vault. */
export function sameVault(
  { vault }: KeyPlace,
  nextLink: string | null | undefined,
): URL | undefined {
  const url = nextLink && URL.canParse(nextLink) ? new URL(nextLink) : undefined;
  return url?.origin === vault.origin ? url : undefined;
}

/** Credentials for Azure Blob Storage: an account key, a shared access signature, or an identity. */

import { type AzureIdentity, azureTokens } from "../cloud/azure/identity.ts";
import { identityFailure } from "../cloud/failure.ts";
import { watchedFile } from "../cloud/watched-file.ts";
import type { AzureCredentials } from "./azure.ts";
import type { HttpOptions } from "./retrying-fetch.ts";

/** The source of the credentials. */
export type AzureStorageIdentity =
  /** Returns the key or signature from the settings. Called for each request, so a mounted file may change. */
  | { readonly kind: "value"; readonly read: () => Promise<string> }
  /** Path of a file that holds a key or signature; read again when it changes. */
  | { readonly kind: "file"; readonly path: string }
  | { readonly kind: "identity"; readonly azure: AzureIdentity };

/** The resource that access tokens for storage are requested for. */
const STORAGE = "https://storage.azure.com";

/**
 * Returns the current credentials; call it for each attempt. Throws `identity_unavailable`, never with their content.
 */
export function azureStorageCredentials(
  identity: AzureStorageIdentity,
  http: HttpOptions,
): () => Promise<AzureCredentials> {
  if (identity.kind === "identity") {
    const tokens = azureTokens(identity.azure, http)(STORAGE);
    return async () => ({ bearerToken: await tokens.get() });
  }
  const read = identity.kind === "value" ? identity.read : watchedFile(identity.path);
  const source = identity.kind === "value" ? "AZURE_STORAGE_ACCESS_KEY" : identity.path;
  const cure = "it must hold the account's key or a shared access signature";
  return async () => {
    const text = await read().catch((cause: unknown) => {
      throw identityFailure(`${source} cannot be read`, cure, cause);
    });
    const credentials = parseAzureCredentials(text);
    if (credentials === undefined) {
      throw identityFailure(`${source} holds no credentials for Azure Blob Storage`, cure);
    }
    return credentials;
  };
}

/** Parses an account key in base64 or a shared access signature (contains `sig=`); undefined for anything else. */
export function parseAzureCredentials(text: string): AzureCredentials | undefined {
  const secret = text.trim();
  if (/^[!-~]+$/.test(secret) && secret.includes("sig=")) return { sasToken: secret };
  return /^[A-Za-z0-9+/]+={0,2}$/.test(secret) ? { accessKey: secret } : undefined;
}

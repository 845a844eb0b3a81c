/** Which secret manager is used. */

import { awsCredentials } from "../cloud/aws/credentials.ts";
import { awsCaller } from "../cloud/aws/service.ts";
import { azureTokens } from "../cloud/azure/identity.ts";
import { bearerCaller } from "../cloud/bearer-service.ts";
import type { HttpOptions } from "../blob/retrying-fetch.ts";
import { googleTokens } from "../cloud/google/identity.ts";
import type { CloudSettings } from "../cloud/settings.ts";
import { vaultCaller } from "../cloud/vault/service.ts";
import { awsSecrets } from "./aws.ts";
import { azureSecrets } from "./azure.ts";
import { expandedSecrets } from "./expanded.ts";
import { filesystemSecrets } from "./filesystem.ts";
import { googleSecrets } from "./google.ts";
import type { SecretManager } from "./secret-manager.ts";
import { vaultSecrets } from "./vault.ts";

/** The values of SECRET_MANAGER; IN_MEMORY has no secrets. */
export const SECRET_MANAGERS = [
  "IN_MEMORY",
  "FILESYSTEM",
  "HASHICORP_VAULT",
  "AWS_SECRETS_MANAGER",
  "GOOGLE_SECRET_MANAGER",
  "AZURE_KEY_VAULT",
] as const;

/** The manager without secrets. */
export const NO_SECRET_MANAGER = "IN_MEMORY";

/** What {@link openSecretManager} needs. */
export type SecretSettings = {
  readonly manager: (typeof SECRET_MANAGERS)[number];
  /** SECRET_FILESYSTEM_ROOT. */
  readonly root: string;
  /** SECRET_EXPANSION: `NAME.MEMBER` is a member of a secret that is JSON. */
  readonly expansion: boolean;
  readonly cloud: CloudSettings;
};

/** Opens it; nothing is asked for before a secret is read. Undefined: there is none. */
export function openSecretManager(
  settings: SecretSettings,
  http: HttpOptions,
): SecretManager | undefined {
  const manager = managerOf(settings, http);
  return manager !== undefined && settings.expansion ? expandedSecrets(manager) : manager;
}

function managerOf(
  { manager, root, cloud }: SecretSettings,
  http: HttpOptions,
): SecretManager | undefined {
  const { aws, google, azure } = cloud;
  switch (manager) {
    case "IN_MEMORY":
      return undefined;
    case "FILESYSTEM":
      return filesystemSecrets(root);
    case "HASHICORP_VAULT":
      return vaultSecrets(vaultCaller(cloud.vault, http));
    case "AWS_SECRETS_MANAGER":
      return awsSecrets({
        call: awsCaller(awsCredentials(aws.identity, http), http),
        region: aws.region,
        ...(aws.secretsEndpoint === undefined ? {} : { endpoint: aws.secretsEndpoint }),
      });
    case "GOOGLE_SECRET_MANAGER":
      return googleSecrets({
        call: bearerCaller(googleTokens(google.identity, http), http),
        endpoint: google.secretsEndpoint,
      });
    case "AZURE_KEY_VAULT":
      return azureSecrets({
        tokens: azureTokens(azure.identity, http),
        http,
        ...(azure.keyVault === undefined ? {} : { keyVault: azure.keyVault }),
      });
  }
}

/** Who this server is at Azure: one chain for storage, keys and secrets. */

import type { HttpOptions, Prepared } from "../../blob/retrying-fetch.ts";
import { type Credential, type Expiring, renewedCredential } from "../credential.ts";
import { clockNote, identityFailure } from "../failure.ts";
import { callService } from "../service-call.ts";
import { bearerToken, formPost, oauthError } from "../token-answer.ts";
import { watchedFile } from "../watched-file.ts";

/** Where access tokens come from. */
export type AzureIdentity =
  /** Workload identity: the token that a cluster mounts. */
  | {
    readonly kind: "workload";
    readonly authority: URL;
    readonly tenant: string;
    readonly clientId: string;
    readonly tokenFile: string;
  }
  /** A service principal with a secret, read again each time. */
  | {
    readonly kind: "secret";
    readonly authority: URL;
    readonly tenant: string;
    readonly clientId: string;
    readonly secret: () => Promise<string>;
  }
  /** Managed identity of App Service, Functions and Container Apps. */
  | {
    readonly kind: "app";
    readonly endpoint: URL;
    readonly header: string;
    readonly clientId?: string;
  }
  /** Managed identity of a machine or a scale set, from its metadata service. */
  | { readonly kind: "machine"; readonly endpoint: URL; readonly clientId?: string };

/** Access tokens for resources such as `https://vault.azure.net`. */
export type AzureTokens = (resource: string) => Credential<string>;

const CURES: Readonly<Record<AzureIdentity["kind"], string>> = {
  workload:
    "check AZURE_TENANT_ID, AZURE_CLIENT_ID, AZURE_FEDERATED_TOKEN_FILE and the federated credential",
  secret: "check AZURE_TENANT_ID, AZURE_CLIENT_ID and AZURE_CLIENT_SECRET",
  app: "give the app a managed identity, and AZURE_CLIENT_ID when it has several",
  machine: "give the machine a managed identity, and AZURE_CLIENT_ID when it has several",
};

/** The access tokens of an identity, one kept for each resource. */
export function azureTokens(identity: AzureIdentity, http: HttpOptions): AzureTokens {
  const kept = new Map<string, Credential<string>>();
  return (resource) => {
    const credential = kept.get(resource) ??
      renewedCredential(() => load(identity, resource, http), http.now);
    kept.set(resource, credential);
    return credential;
  };
}

async function load(
  identity: AzureIdentity,
  resource: string,
  http: HttpOptions,
): Promise<Expiring<string>> {
  const cure = CURES[identity.kind];
  const prepared = await request(identity, resource);
  const answer = await callService({ prepare: () => Promise.resolve(prepared) }, http).catch(
    (cause: unknown) => {
      throw identityFailure("Azure's token endpoint cannot be reached", cure, cause);
    },
  );
  const token = bearerToken(answer, http.now());
  if (token !== undefined) return token;
  throw identityFailure(
    `Azure's token endpoint answered ${answer.status}${oauthError(answer)}`,
    `${cure}${clockNote(answer)}`,
  );
}

async function request(identity: AzureIdentity, resource: string): Promise<Prepared> {
  switch (identity.kind) {
    case "workload": {
      const token = await watchedFile(identity.tokenFile)().catch((cause: unknown) => {
        throw identityFailure(`${identity.tokenFile} cannot be read`, CURES.workload, cause);
      });
      return tokenRequest(identity, resource, {
        client_assertion_type: "urn:ietf:params:oauth:client-assertion-type:jwt-bearer",
        client_assertion: token.trim(),
      });
    }
    case "secret":
      return tokenRequest(identity, resource, { client_secret: await identity.secret() });
    case "app": {
      const query = { resource, "api-version": "2019-08-01" };
      const headers = { "x-identity-header": identity.header };
      return { url: queried(identity.endpoint, query, identity.clientId), init: { headers } };
    }
    case "machine": {
      const url = new URL("/metadata/identity/oauth2/token", identity.endpoint);
      const query = { resource, "api-version": "2018-02-01" };
      return {
        url: queried(url, query, identity.clientId),
        init: { headers: { metadata: "true" } },
      };
    }
  }
}

function tokenRequest(
  { authority, tenant, clientId }: Extract<AzureIdentity, { kind: "workload" | "secret" }>,
  resource: string,
  proof: Readonly<Record<string, string>>,
): Prepared {
  const url = new URL(`/${encodeURIComponent(tenant)}/oauth2/v2.0/token`, authority);
  return formPost(url, {
    grant_type: "client_credentials",
    client_id: clientId,
    scope: `${resource}/.default`,
    ...proof,
  });
}

function queried(
  base: URL,
  query: Readonly<Record<string, string>>,
  clientId: string | undefined,
): URL {
  const url = new URL(base);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, value);
  if (clientId !== undefined) url.searchParams.set("client_id", clientId);
  return url;
}

/** Who this server is at Google Cloud: one chain for storage, keys and secrets. */

import type { HttpOptions } from "../../blob/retrying-fetch.ts";
import { type Credential, type Expiring, renewedCredential } from "../credential.ts";
import { identityFailure } from "../failure.ts";
import { watchedFile } from "../watched-file.ts";
import { externalAccountToken, parseExternalAccount } from "./external-account.ts";
import { metadataToken } from "./metadata.ts";
import { parseServiceAccount, serviceAccountToken } from "./service-account.ts";

/** Where access tokens come from. */
export type GoogleIdentity =
  /** GOOGLE_APPLICATION_CREDENTIALS: the key of a service account, or workload identity federation. */
  | { readonly kind: "file"; readonly path: string }
  /** The metadata server of a machine, a cluster with workload identity, or Cloud Run. */
  | { readonly kind: "metadata"; readonly endpoint: URL };

/** The access tokens of an identity, for all of Google Cloud; IAM decides what they open. */
export function googleTokens(identity: GoogleIdentity, http: HttpOptions): Credential<string> {
  if (identity.kind === "metadata") {
    return renewedCredential(() => metadataToken(identity.endpoint, http), http.now);
  }
  const { path } = identity;
  const read = watchedFile(path);
  return renewedCredential(async () => {
    const text = await read().catch((cause: unknown) => {
      throw unusable(path, cause);
    });
    return await tokenOf(path, text, http);
  }, http.now);
}

async function tokenOf(path: string, text: string, http: HttpOptions): Promise<Expiring<string>> {
  const json = parsed(text);
  const account = parseServiceAccount(json);
  if (account !== undefined) return await serviceAccountToken(account, http);
  const external = parseExternalAccount(json);
  if (external !== undefined) return await externalAccountToken(external, http);
  throw unusable(path);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

const unusable = (path: string, cause?: unknown): Error =>
  identityFailure(
    `no Google credentials can be read from ${path}`,
    "GOOGLE_APPLICATION_CREDENTIALS must name a service account's key, " +
      "or an external account whose token comes from a file or a URL",
    cause,
  );

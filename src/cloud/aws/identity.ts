/** Who this server is at AWS: one chain for storage, keys and secrets. */

import type { HttpOptions } from "../../blob/retrying-fetch.ts";
import { type Credential, renewedCredential } from "../credential.ts";
import { identityFailure } from "../failure.ts";
import { containerCredentials } from "./container.ts";
import { fileCredentials } from "./credentials-file.ts";
import { instanceCredentials } from "./instance.ts";
import type { AwsCredentials } from "./sign.ts";
import { webIdentityCredentials } from "./web-identity.ts";

/** Where credentials come from; the settings decide, see src/config/cloud.ts. */
export type AwsIdentity =
  /** An access key in the settings, asked for again each time, so that a mounted file may change. */
  | { readonly kind: "keys"; readonly read: () => Promise<AwsCredentials> }
  /** A profile of a credentials file, read again when it changes. */
  | { readonly kind: "file"; readonly path: string; readonly profile: string }
  /** A token in a file for the credentials of a role (EKS and other clusters). */
  | {
    readonly kind: "web-identity";
    readonly tokenFile: string;
    readonly roleArn: string;
    readonly sessionName: string;
    readonly stsEndpoint: URL;
  }
  /** The endpoint of a container's role (ECS, EKS Pod Identity). */
  | {
    readonly kind: "container";
    readonly url: URL;
    readonly token?: string;
    readonly tokenFile?: string;
  }
  /** The metadata service of an instance, version 2. */
  | { readonly kind: "instance"; readonly endpoint: URL }
  /** Nowhere: AWS_EC2_METADATA_DISABLED, and nothing else set. */
  | { readonly kind: "none" };

/** The credentials of an identity; nothing is asked for before they are needed. */
export function awsCredentials(
  identity: AwsIdentity,
  http: HttpOptions,
): Credential<AwsCredentials> {
  switch (identity.kind) {
    case "keys":
      return { get: identity.read, refused: () => false };
    case "file":
      return fileCredentials(identity.path, identity.profile);
    case "web-identity":
      return renewedCredential(() => webIdentityCredentials(identity, http), http.now);
    case "container":
      return renewedCredential(() => containerCredentials(identity, http), http.now);
    case "instance":
      return renewedCredential(() => instanceCredentials(identity.endpoint, http), http.now);
    case "none":
      return { get: () => Promise.reject(none()), refused: () => false };
  }
}

const none = (): Error =>
  identityFailure(
    "no setting gives credentials for AWS",
    "set AWS_ACCESS_KEY_ID, AWS_SHARED_CREDENTIALS_FILE or AWS_WEB_IDENTITY_TOKEN_FILE",
  );

/** Who this server is at AWS: one chain for storage, keys and secrets. */

import type { HttpOptions } from "../../blob/retrying-fetch.ts";
import { type Credential, renewedCredential } from "../credential.ts";
import { identityFailure } from "../failure.ts";
import { containerCredentials } from "./container.ts";
import { fileCredentials } from "./credentials-file.ts";
import { instanceCredentials } from "./instance.ts";
import type { AwsIdentity } from "./identity.ts";
import type { AwsCredentials } from "./sign.ts";
import { webIdentityCredentials } from "./web-identity.ts";

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

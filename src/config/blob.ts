import { join } from "node:path";
import { parseAzureCredentials } from "../blob/azure-credentials.ts";
import { type BlobSettings, BLOBSTORE_VALUES, blobStoreKind } from "../blob/open.ts";
import type { CloudSettings } from "../cloud/settings.ts";
import type { EnvironmentReader } from "./environment.ts";

/** Which blob store holds the exports, and how it is reached. */
export function blobSettings(
  read: EnvironmentReader,
  dataDirectory: string,
  cloud: CloudSettings,
): BlobSettings {
  const value = read.text("BLOBSTORE", "filesystem");
  const kind = blobStoreKind(value);
  switch (kind) {
    case "s3": {
      const endpoint = read.optional("AWS_ENDPOINT_URL_S3");
      return {
        kind,
        region: cloud.aws.region,
        identity: cloud.aws.identity,
        ...(endpoint === undefined ? {} : { endpoint }),
      };
    }
    case "gcs":
      return { kind, identity: gcsIdentity(cloud) };
    case "azure": {
      const endpoint = read.optional("AZURE_STORAGE_BLOB_ENDPOINT");
      return {
        kind,
        account: account(read),
        identity: azureIdentity(read, cloud),
        ...(endpoint === undefined ? {} : { endpoint }),
      };
    }
    case "memory":
      return { kind };
    case "filesystem":
      return { kind, root: read.text("BLOB_ROOT", join(dataDirectory, "blobs")) };
    case undefined:
      read.refuse("BLOBSTORE", `must be one of ${BLOBSTORE_VALUES.join(", ")}`);
      return { kind: "memory" };
  }
}

function account(read: EnvironmentReader): string {
  const value = read.optional("AZURE_STORAGE_ACCOUNT");
  if (value === undefined) read.refuse("AZURE_STORAGE_ACCOUNT", "is needed by this BLOBSTORE");
  return value ?? "";
}

/** An HMAC key where there is one, else the identity at Google. */
function gcsIdentity({ aws, google }: CloudSettings): BlobSettings<"gcs">["identity"] {
  const hmac = aws.identity.kind === "keys" || aws.identity.kind === "file";
  return hmac ? aws.identity : { kind: "google", google: google.identity };
}

function azureIdentity(
  read: EnvironmentReader,
  { azure }: CloudSettings,
): BlobSettings<"azure">["identity"] {
  const path = read.optional("AZURE_STORAGE_CREDENTIALS_FILE");
  if (path !== undefined) return { kind: "file", path };
  const secret = read.secret("AZURE_STORAGE_ACCESS_KEY");
  const first = read.secretText("AZURE_STORAGE_ACCESS_KEY");
  if (first === undefined) return { kind: "identity", azure: azure.identity };
  if (parseAzureCredentials(first) === undefined) {
    read.refuse(
      "AZURE_STORAGE_ACCESS_KEY",
      "must be the account's key or a shared access signature",
    );
  }
  return { kind: "value", read: async () => await secret() ?? "" };
}

import { join } from "node:path";
import { type BlobSettings, BLOBSTORE_VALUES, blobStoreKind } from "../blob/open.ts";
import { parseAzureCredentials } from "../blob/credentials.ts";
import type { EnvironmentReader } from "./environment.ts";

/** Which blob store holds the exports, and how it is reached. */
export function blobSettings(read: EnvironmentReader, dataDirectory: string): BlobSettings {
  const value = read.text("BLOBSTORE", "filesystem");
  const kind = blobStoreKind(value);
  switch (kind) {
    case "s3": {
      const endpoint = read.optional("AWS_ENDPOINT_URL_S3");
      return {
        kind,
        region: read.text("AWS_REGION", "us-east-1"),
        credentials: s3Credentials(read),
        profile: read.text("AWS_PROFILE", "default"),
        ...(endpoint === undefined ? {} : { endpoint }),
      };
    }
    case "gcs":
      return { kind, credentials: s3Credentials(read) };
    case "azure": {
      const endpoint = read.optional("AZURE_STORAGE_BLOB_ENDPOINT");
      return {
        kind,
        account: required(read, "AZURE_STORAGE_ACCOUNT"),
        credentials: azureCredentials(read),
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

function required(read: EnvironmentReader, name: string): string {
  const value = read.optional(name);
  if (value === undefined) read.refuse(name, "is needed by this BLOBSTORE");
  return value ?? "";
}

function s3Credentials(read: EnvironmentReader): BlobSettings<"s3">["credentials"] {
  const file = read.optional("AWS_SHARED_CREDENTIALS_FILE");
  if (file !== undefined) return { file };
  const accessKeyId = required(read, "AWS_ACCESS_KEY_ID");
  const secretAccessKey = read.secret("AWS_SECRET_ACCESS_KEY")();
  const sessionToken = read.secret("AWS_SESSION_TOKEN")();
  if (secretAccessKey === undefined) {
    read.refuse("AWS_SECRET_ACCESS_KEY", "is needed by this BLOBSTORE");
  }
  return {
    value: {
      accessKeyId,
      secretAccessKey: secretAccessKey ?? "",
      ...(sessionToken === undefined ? {} : { sessionToken }),
    },
  };
}

function azureCredentials(read: EnvironmentReader): BlobSettings<"azure">["credentials"] {
  const file = read.optional("AZURE_STORAGE_CREDENTIALS_FILE");
  if (file !== undefined) return { file };
  const secret = read.secret("AZURE_STORAGE_ACCESS_KEY")();
  const value = secret === undefined ? undefined : parseAzureCredentials(secret);
  if (value === undefined) {
    read.refuse(
      "AZURE_STORAGE_ACCESS_KEY",
      "must be the account's key or a shared access signature",
    );
  }
  return { value: value ?? { accessKey: "" } };
}

/** Opens the blob store that the settings choose. */

import { awsCredentials } from "../cloud/aws/credentials.ts";
import type { AwsIdentity } from "../cloud/aws/identity.ts";
import { type AwsRequest, signAws } from "../cloud/aws/sign.ts";
import { type GoogleIdentity, googleTokens } from "../cloud/google/identity.ts";
import { CLOUD_HTTP } from "../cloud/service-call.ts";
import { AppError } from "../errors.ts";
import { azureBlobStore } from "./azure.ts";
import { azureStorageCredentials, type AzureStorageIdentity } from "./azure-credentials.ts";
import type { BlobStore } from "./blob.ts";
import { filesystemBlobStore } from "./filesystem.ts";
import { memoryBlobStore } from "./memory.ts";
import type { HttpOptions, Prepared } from "./retrying-fetch.ts";
import { s3BlobStore } from "./s3.ts";

/** The settings of each kind of store, without the kind itself. */
type SettingsByKind = {
  /** Blobs as files below the directory `root`. */
  filesystem: { readonly root: string };
  /** Blobs in memory, for tests and demos. */
  memory: Readonly<Record<never, never>>;
  /** Blobs in S3 or a compatible store. */
  s3: {
    readonly region: string;
    readonly identity: AwsIdentity;
    /** URL of a store other than AWS. */
    readonly endpoint?: string;
    /** Default: `virtual-host` for AWS, `path` for a custom endpoint. */
    readonly addressing?: "path" | "virtual-host";
  };
  /** Blobs in Azure Blob Storage. */
  azure: {
    readonly account: string;
    readonly identity: AzureStorageIdentity;
    /** URL to use in place of `https://ACCOUNT.blob.core.windows.net`. */
    readonly endpoint?: string;
  };
  /**
   * Blobs in Google Cloud Storage through its XML API, with an HMAC key in place of an AWS key, or with an identity.
   */
  gcs: {
    readonly identity: AwsIdentity | { readonly kind: "google"; readonly google: GoogleIdentity };
    readonly endpoint?: string;
  };
};

/** A kind of store. */
export type BlobStoreKind = keyof SettingsByKind;

/** The settings of a store of one of the kinds `K`: its `kind`, and what that kind needs. */
export type BlobSettings<K extends BlobStoreKind = BlobStoreKind> = {
  [P in K]: { readonly kind: P } & SettingsByKind[P];
}[K];

/** The dependencies of stores. */
export type BlobDependencies = HttpOptions & {
  /** For SHA-256 and HMAC. */
  readonly subtle: SubtleCrypto;
};

/** Names in one list response: the most that S3 returns. */
const PAGE_SIZE = 1000;

const KINDS: ReadonlyMap<string, BlobStoreKind> = new Map([
  ["filesystem", "filesystem"],
  ["memory", "memory"],
  ["aws_s3", "s3"],
  ["s3", "s3"],
  ["azure_blob_storage", "azure"],
  ["azure", "azure"],
  ["google_cloud_storage", "gcs"],
  ["gcs", "gcs"],
]);

/** The values of BLOBSTORE, in lower case; upper case is accepted too. */
export const BLOBSTORE_VALUES: readonly string[] = [...KINDS.keys()];

/** The kind of store that a value of BLOBSTORE names, or undefined. */
export function blobStoreKind(value: string): BlobStoreKind | undefined {
  return KINDS.get(value.toLowerCase());
}

const FACTORIES: {
  readonly [K in BlobStoreKind]: (
    settings: BlobSettings<K>,
    dependencies: BlobDependencies,
  ) => BlobStore;
} = {
  filesystem: ({ root }, { now }) => filesystemBlobStore(root, now),
  memory: (_, { subtle }) => memoryBlobStore(subtle),
  s3: openS3,
  azure: openAzure,
  gcs: openGcs,
};

/** The dependencies in production: one minute per request on top of its upload, and at most five attempts. */
const DEFAULTS: BlobDependencies = {
  fetch: (input, init) => fetch(input, init),
  now: () => Date.now(),
  random: () => Math.random(),
  delay: (ms) => new Promise((resolve) => setTimeout(resolve, ms)),
  timeoutMs: 60_000,
  attempts: 5,
  subtle: crypto.subtle,
};

/**
 * Opens the store without sending or writing anything. Throws `invalid_configuration`, naming the setting, for an
 * endpoint that is not an http or https URL.
 */
export function openBlobStore<K extends BlobStoreKind>(
  settings: BlobSettings<K>,
  dependencies: Partial<BlobDependencies> = {},
): BlobStore {
  return FACTORIES[settings.kind](settings, { ...DEFAULTS, ...dependencies });
}

function openS3(settings: BlobSettings<"s3">, http: BlobDependencies): BlobStore {
  const { region, endpoint } = settings;
  const domain = region.startsWith("cn-") ? "amazonaws.com.cn" : "amazonaws.com";
  return s3BlobStore({
    endpoint: endpoint === undefined
      ? endpointUrl(`https://s3.${region}.${domain}`, "AWS_REGION")
      : endpointUrl(endpoint, "AWS_ENDPOINT_URL_S3"),
    addressing: settings.addressing ?? (endpoint === undefined ? "virtual-host" : "path"),
    sign: s3Signer(settings.identity, region, http),
    http,
    pageSize: PAGE_SIZE,
  });
}

function openGcs(settings: BlobSettings<"gcs">, http: BlobDependencies): BlobStore {
  const { identity, endpoint = "https://storage.googleapis.com" } = settings;
  return s3BlobStore({
    endpoint: endpointUrl(endpoint, "AWS_ENDPOINT_URL_S3"),
    addressing: "path",
    sign: identity.kind === "google"
      ? googleSigner(identity.google, http)
      : s3Signer(identity, "auto", http),
    http,
    pageSize: PAGE_SIZE,
  });
}

type Sign = (request: AwsRequest) => Promise<Prepared>;

function s3Signer(identity: AwsIdentity, region: string, http: BlobDependencies): Sign {
  const credential = awsCredentials(identity, identityHttp(http));
  return async (request) => {
    const credentials = await credential.get();
    return await signAws(request, { credentials, service: "s3", region, nowMs: http.now() });
  };
}

function googleSigner(identity: GoogleIdentity, http: BlobDependencies): Sign {
  const tokens = googleTokens(identity, identityHttp(http));
  return async ({ method, url, headers, body }) => {
    const authorization = `Bearer ${await tokens.get()}`;
    return { url, init: { method, headers: { ...headers, authorization }, body: body ?? null } };
  };
}

/** Identity services send small responses, so their time limit is shorter than for files. */
function identityHttp(http: HttpOptions): HttpOptions {
  const { timeoutMs, attempts } = CLOUD_HTTP;
  return { ...http, timeoutMs, attempts };
}

function openAzure(settings: BlobSettings<"azure">, http: BlobDependencies): BlobStore {
  const { account, endpoint } = settings;
  return azureBlobStore({
    account,
    endpoint: endpoint === undefined
      ? endpointUrl(`https://${account}.blob.core.windows.net`, "AZURE_STORAGE_ACCOUNT")
      : endpointUrl(endpoint, "AZURE_STORAGE_BLOB_ENDPOINT"),
    credentials: azureStorageCredentials(settings.identity, identityHttp(http)),
    subtle: http.subtle,
    http,
    pageSize: PAGE_SIZE,
  });
}

function endpointUrl(text: string, setting: string): URL {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const web = url?.protocol === "https:" || url?.protocol === "http:";
  if (url !== undefined && web && `${url.username}${url.password}${url.search}${url.hash}` === "") {
    return url;
  }
  throw new AppError(
    "invalid_configuration",
    `${setting} must form an http or https URL without user, query or fragment`,
  );
}

/** Which blob store is used: from the settings to a store. */

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

/** The settings of each kind of store, less the kind. */
type SettingsByKind = {
  /** Blobs as files below the directory `root`. */
  filesystem: { readonly root: string };
  /** Blobs in memory: for tests and for trying things out. */
  memory: Readonly<Record<never, never>>;
  /** Blobs in S3 or what speaks like it. */
  s3: {
    readonly region: string;
    readonly identity: AwsIdentity;
    /** URL of another store than AWS. */
    readonly endpoint?: string;
    /** When absent: `virtual-host` for AWS, `path` for an endpoint of one's own. */
    readonly addressing?: "path" | "virtual-host";
  };
  /** Blobs in Azure Blob Storage. */
  azure: {
    readonly account: string;
    readonly identity: AzureStorageIdentity;
    /** URL of another place than `https://ACCOUNT.blob.core.windows.net`. */
    readonly endpoint?: string;
  };
  /** Blobs in Google Cloud Storage through its XML API: with an HMAC key in place of an AWS key, or as an identity. */
  gcs: {
    readonly identity: AwsIdentity | { readonly kind: "google"; readonly google: GoogleIdentity };
    readonly endpoint?: string;
  };
};

/** A kind of store. */
export type BlobStoreKind = keyof SettingsByKind;

/** What a store (of one of the kinds `K`) is made from: its `kind`, and what that kind needs. */
export type BlobSettings<K extends BlobStoreKind = BlobStoreKind> = {
  [P in K]: { readonly kind: P } & SettingsByKind[P];
}[K];

/** What stores need from outside. */
export type BlobDependencies = HttpOptions & {
  /** For SHA-256 and HMAC. */
  readonly subtle: SubtleCrypto;
};

/** Names in an answer to a list: the most that S3 gives. */
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

/** The values that BLOBSTORE may have, in lower case; upper case is accepted too. */
export const BLOBSTORE_VALUES: readonly string[] = [...KINDS.keys()];

/** The kind of store that a value of BLOBSTORE names; undefined for none. */
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

/** The real world; a request may take a minute besides its upload, and is made five times at most. */
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
 * Opens the store; nothing is sent or written before it is used. Throws `invalid_configuration`, naming the setting,
 * for an endpoint that is no http or https URL.
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

/** Who we are is told in small answers: less patience than for files. */
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
    `${setting} must make an http or https URL without user, query or fragment`,
  );
}

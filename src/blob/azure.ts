/**
 * Blobs in Azure Blob Storage, as block blobs. A bucket is a container.
 * Source: Microsoft, "Blob service REST API" (Put Blob, Get Blob, Get Blob Properties, Delete Blob, List Blobs).
 */

import { percentEncode } from "../bytes/percent-encode.ts";
import type { BlobHeaders, BlobStore } from "./blob.ts";
import type { Dialect, ListPage, ObjectRequest } from "./object-dialect.ts";
import { objectBlobStore } from "./object-store.ts";
import type { HttpOptions, Prepared } from "./retrying-fetch.ts";
import { signSharedKey } from "./shared-key.ts";
import { xmlLeaves } from "./xml.ts";

/**
 * The account's key in base64, a shared access signature (a query string, with or without its `?`), or an access
 * token of an identity.
 */
export type AzureCredentials =
  | { readonly accessKey: string }
  | { readonly sasToken: string }
  | { readonly bearerToken: string };

/** The store's URL and our credentials. */
export type AzureOptions = {
  readonly account: string;
  /** `https://ACCOUNT.blob.core.windows.net`, or another origin with the path before the container. */
  readonly endpoint: URL;
  /** Called for each request, so the credentials may change. */
  readonly credentials: () => Promise<AzureCredentials>;
  /** For HMAC. */
  readonly subtle: SubtleCrypto;
  readonly http: HttpOptions;
  /** Names in one list response, 1 to 5000. */
  readonly pageSize: number;
};

/** REST service version: takes blobs of up to 5000 MiB in one request, and Azurite supports it. */
const SERVICE_VERSION = "2021-12-02";

const KEYS = "check AZURE_STORAGE_ACCOUNT and AZURE_STORAGE_ACCESS_KEY";
const RIGHTS = "allow these credentials to read, write, delete and list in it";

const CURES: ReadonlyMap<string, string> = new Map([
  ["AuthenticationFailed", `${KEYS}, and this machine's clock`],
  ["AuthorizationFailure", `${KEYS}, their permissions, and the account's firewall`],
  ["AuthorizationPermissionMismatch", RIGHTS],
  ["InsufficientAccountPermissions", RIGHTS],
  ["AccountIsDisabled", "enable the account"],
  ["ContainerNotFound", "create the container, or name another"],
  ["ConditionNotMet", "the blob was replaced while it was read"],
  ["401", KEYS],
  ["403", `${KEYS}, and their permissions`],
]);

/** Opens a store in Azure. The container must already exist. */
export function azureBlobStore(options: AzureOptions): BlobStore {
  const dialect: Dialect = {
    title: "Azure",
    prepare: (request) => prepare(request, options),
    putHeaders: ({ contentType, cacheControl }: BlobHeaders) => ({
      "x-ms-blob-type": "BlockBlob",
      "x-ms-blob-content-type": contentType,
      "x-ms-blob-cache-control": cacheControl,
    }),
    listQuery: (prefix, pageSize, from) => ({
      restype: "container",
      comp: "list",
      maxresults: String(pageSize),
      prefix,
      ...(from === undefined ? {} : { marker: from }),
    }),
    readPage,
    cures: CURES,
    endpointSetting: "AZURE_STORAGE_BLOB_ENDPOINT",
    bucketMissing: "ContainerNotFound",
  };
  return objectBlobStore(dialect, options.http, options.pageSize);
}

async function prepare(request: ObjectRequest, options: AzureOptions): Promise<Prepared> {
  const { method, body } = request;
  const url = new URL(options.endpoint);
  const path = request.name === undefined ? request.bucket : `${request.bucket}/${request.name}`;
  url.pathname = `${url.pathname.replace(/\/$/, "")}/${path}`;
  url.search = Object.entries(request.query ?? {})
    .map(([name, value]) => `${percentEncode(name)}=${percentEncode(value)}`)
    .join("&");
  const headers: Record<string, string> = {
    ...request.headers,
    "x-ms-date": new Date(options.http.now()).toUTCString(),
    "x-ms-version": SERVICE_VERSION,
  };
  const credentials = await options.credentials();
  if ("sasToken" in credentials) {
    const token = credentials.sasToken.replace(/^\?/, "");
    url.search = url.search === "" ? token : `${url.search}&${token}`;
  } else if ("bearerToken" in credentials) {
    headers["authorization"] = `Bearer ${credentials.bearerToken}`;
  } else {
    headers["authorization"] = await signSharedKey(
      { method, url, headers, bodyBytes: body?.length ?? 0 },
      options.account,
      credentials.accessKey,
      options.subtle,
    );
  }
  headers["accept-encoding"] = "identity";
  return { url, init: { method, headers, body: body ?? null } };
}

function readPage(xml: string): ListPage {
  const names: string[] = [];
  let next: string | undefined;
  for (const { path, text } of xmlLeaves(xml)) {
    if (path === "EnumerationResults/Blobs/Blob/Name") names.push(text);
    if (path === "EnumerationResults/NextMarker") next = text;
  }
  if (next === undefined) throw new Error("the response is not a list");
  return { names, next: next === "" ? undefined : next };
}

/**
 * Blobs in S3 or a compatible store: AWS, Google Cloud Storage's XML API, MinIO, Ceph, R2.
 * Source: Amazon S3 API Reference (PutObject, HeadObject, GetObject, DeleteObject, ListObjectsV2).
 */

import { percentEncode } from "../bytes/percent-encode.ts";
import type { AwsRequest } from "../cloud/aws/sign.ts";
import type { BlobHeaders, BlobStore } from "./blob.ts";
import type { Dialect, ListPage, ObjectRequest } from "./object-dialect.ts";
import { objectBlobStore } from "./object-store.ts";
import type { HttpOptions, Prepared } from "./retrying-fetch.ts";
import { xmlLeaves } from "./xml.ts";

/** The store's URL and our credentials. */
export type S3Options = {
  /** The origin, and the path before the bucket if there is one: `https://s3.eu-central-1.amazonaws.com`. */
  readonly endpoint: URL;
  /** `path`: `https://host/bucket/name`; `virtual-host`: `https://bucket.host/name`. */
  readonly addressing: "path" | "virtual-host";
  /** Signs a request. Called for each attempt, so credentials may change. */
  readonly sign: (request: AwsRequest) => Promise<Prepared>;
  readonly http: HttpOptions;
  /** Names in one list response, 1 to 1000. */
  readonly pageSize: number;
};

const KEYS = "check AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";
const REGION = "check AWS_REGION and AWS_ENDPOINT_URL_S3";

const CURES: ReadonlyMap<string, string> = new Map([
  ["InvalidAccessKeyId", KEYS],
  ["SignatureDoesNotMatch", KEYS],
  ["ExpiredToken", "the credentials have expired: renew AWS_SESSION_TOKEN and its keys"],
  ["InvalidToken", "check AWS_SESSION_TOKEN"],
  ["AccessDenied", "allow these credentials to read, write, delete and list in it"],
  ["RequestTimeTooSkewed", "set this machine's clock"],
  ["NoSuchBucket", "create the bucket, or name another"],
  ["PermanentRedirect", REGION],
  ["AuthorizationHeaderMalformed", REGION],
  ["301", REGION],
  ["307", REGION],
  ["401", KEYS],
  ["403", `${KEYS}, and their permissions`],
  ["412", "the blob was replaced while it was read"],
]);

/** Opens a store in S3. The bucket must already exist. */
export function s3BlobStore(options: S3Options): BlobStore {
  const dialect: Dialect = {
    title: "S3",
    prepare: (request) => prepare(request, options),
    putHeaders: ({ contentType, cacheControl }: BlobHeaders) => ({
      "content-type": contentType,
      "cache-control": cacheControl,
    }),
    listQuery: (prefix, pageSize, from) => ({
      "list-type": "2",
      "max-keys": String(pageSize),
      prefix,
      ...(from === undefined ? {} : { "continuation-token": from }),
    }),
    readPage,
    cures: CURES,
    endpointSetting: "AWS_ENDPOINT_URL_S3",
    bucketMissing: "NoSuchBucket",
  };
  return objectBlobStore(dialect, options.http, options.pageSize);
}

async function prepare(request: ObjectRequest, options: S3Options): Promise<Prepared> {
  const { method, headers = {}, body } = request;
  const { url, init } = await options.sign({
    method,
    url: address(request, options),
    headers,
    ...(body === undefined ? {} : { body }),
  });
  const all = new Headers(init.headers);
  all.set("accept-encoding", "identity");
  return { url, init: { ...init, headers: all } };
}

function address(request: ObjectRequest, { endpoint, addressing }: S3Options): URL {
  const { bucket, name = "", query = {} } = request;
  const url = new URL(endpoint);
  // A bucket name with other characters is not a valid host name, or no certificate covers it.
  const virtual = addressing === "virtual-host" && /^[a-z0-9-]+$/.test(bucket);
  if (virtual) url.hostname = `${bucket}.${url.hostname}`;
  const segments = [...(virtual ? [] : [bucket]), ...(virtual || name !== "" ? [name] : [])];
  url.pathname = [url.pathname.replace(/\/$/, ""), ...segments].join("/");
  url.search = Object.entries(query)
    .map(([key, value]) => `${percentEncode(key)}=${percentEncode(value)}`)
    .join("&");
  return url;
}

function readPage(xml: string): ListPage {
  const names: string[] = [];
  let next: string | undefined;
  let truncated: boolean | undefined;
  for (const { path, text } of xmlLeaves(xml)) {
    if (path === "ListBucketResult/Contents/Key") names.push(text);
    if (path === "ListBucketResult/NextContinuationToken") next = text;
    if (path === "ListBucketResult/IsTruncated") truncated = text === "true";
  }
  if (truncated === undefined) throw new Error("the response is not a list");
  if (truncated && next === undefined) {
    throw new Error("the list is truncated but names no next page");
  }
  return { names, next: truncated ? next : undefined };
}

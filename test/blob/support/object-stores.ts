/** The two kinds of object store, in one table for the tests that both must pass. */

import { azureBlobStore } from "../../../src/blob/azure.ts";
import type { BlobStore } from "../../../src/blob/blob.ts";
import type { HttpOptions } from "../../../src/blob/retrying-fetch.ts";
import { s3BlobStore } from "../../../src/blob/s3.ts";
import { signAws } from "../../../src/cloud/aws/sign.ts";
import { AZURITE, type ObjectServer, S3RVER, startAzurite, startS3rver } from "./object-servers.ts";

/** How to start a server, and how to open a store at its endpoint. */
export type ObjectStoreKind = {
  readonly title: "S3" | "Azure";
  readonly start: () => Promise<ObjectServer>;
  /** A store at `endpoint` that lists in pages of two; `secret` replaces the correct one. */
  readonly open: (endpoint: URL, http: HttpOptions, secret?: () => string) => BlobStore;
};

export const OBJECT_STORES: readonly ObjectStoreKind[] = [
  {
    title: "S3",
    start: startS3rver,
    open: (endpoint, http, secret = () => S3RVER.secretAccessKey) =>
      s3BlobStore({
        endpoint,
        addressing: "path",
        sign: (request) =>
          signAws(request, {
            credentials: { ...S3RVER, secretAccessKey: secret() },
            service: "s3",
            region: "us-east-1",
            nowMs: http.now(),
          }),
        http,
        pageSize: 2,
      }),
  },
  {
    title: "Azure",
    start: startAzurite,
    open: (endpoint, http, secret = () => AZURITE.accessKey) =>
      azureBlobStore({
        account: AZURITE.account,
        endpoint,
        credentials: () => Promise.resolve({ accessKey: secret() }),
        subtle: crypto.subtle,
        http,
        pageSize: 2,
      }),
  },
];

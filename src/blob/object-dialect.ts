/** How a kind of object store is spoken to: what S3 and Azure differ in. */

import type { BlobHeaders } from "./blob.ts";
import type { Prepared } from "./retrying-fetch.ts";

/** A request before it is addressed and signed. `name` is absent for the bucket itself. */
export type ObjectRequest = {
  readonly method: "PUT" | "HEAD" | "GET" | "DELETE";
  readonly bucket: string;
  readonly name?: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Names are lower-case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
};

/** A page of a list, and where the next one starts when there is one. */
export type ListPage = { readonly names: readonly string[]; readonly next: string | undefined };

/** How a kind of object store is spoken to. */
export type Dialect = {
  /** What messages call it. */
  readonly title: string;
  /** Addresses and signs; called for each attempt, so that changed credentials are taken up. */
  readonly prepare: (request: ObjectRequest) => Promise<Prepared>;
  readonly putHeaders: (headers: BlobHeaders) => Readonly<Record<string, string>>;
  readonly listQuery: (
    prefix: string,
    pageSize: number,
    from: string | undefined,
  ) => Readonly<Record<string, string>>;
  /** Reads a list's XML; throws an `Error` when it is not one. */
  readonly readPage: (xml: string) => ListPage;
  /** What to mend, by the store's error code, or else by the status as `401` and so on. */
  readonly cures: ReadonlyMap<string, string>;
  /** The setting that says where the store is. */
  readonly endpointSetting: string;
  /** The error codes that mean that the bucket is missing. */
  readonly bucketMissing: string;
};

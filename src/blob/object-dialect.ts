/** The protocol of one kind of object store: where S3 and Azure differ. */

import type { BlobHeaders } from "./blob.ts";
import type { Prepared } from "./retrying-fetch.ts";

/** A request before it has a URL and a signature. `name` is absent for the bucket itself. */
export type ObjectRequest = {
  readonly method: "PUT" | "HEAD" | "GET" | "DELETE";
  readonly bucket: string;
  readonly name?: string;
  readonly query?: Readonly<Record<string, string>>;
  /** Header names are lower-case. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array<ArrayBuffer>;
};

/** A page of a list, and where the next one starts if there is one. */
export type ListPage = { readonly names: readonly string[]; readonly next: string | undefined };

/** The protocol of one kind of object store. */
export type Dialect = {
  /** The store's name in messages. */
  readonly title: string;
  /** Adds the URL and the signature. Called for each attempt, so changed credentials take effect. */
  readonly prepare: (request: ObjectRequest) => Promise<Prepared>;
  readonly putHeaders: (headers: BlobHeaders) => Readonly<Record<string, string>>;
  readonly listQuery: (
    prefix: string,
    pageSize: number,
    from: string | undefined,
  ) => Readonly<Record<string, string>>;
  /** Parses the XML of a list; throws an `Error` when it is not one. */
  readonly readPage: (xml: string) => ListPage;
  /** The cure, by the store's error code, or by a status such as `401` when there is no code. */
  readonly cures: ReadonlyMap<string, string>;
  /** The setting that holds the store's URL. */
  readonly endpointSetting: string;
  /** The error codes for a missing bucket. */
  readonly bucketMissing: string;
};

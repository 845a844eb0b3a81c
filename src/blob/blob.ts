/** Storage of files by bucket and name: the port. Back ends beside it; one contract suite runs on all. */

/** How a blob is served: the same in every back end. */
export type BlobHeaders = { readonly contentType: string; readonly cacheControl: string };

/** What is known of a stored blob. */
export type BlobInfo = BlobHeaders & {
  readonly size: number;
  /** Strong entity tag, quotes included. */
  readonly etag: string;
};

/** A blob's bytes, as a stream; `size` in `info` is that of the whole blob, also for a range. */
export type BlobBody = { readonly info: BlobInfo; readonly body: ReadableStream<Uint8Array> };

/** A half-open byte range [start, end). */
export type ByteRange = { readonly start: number; readonly end: number };

/**
 * A place for blobs. Names are relative paths of `A-Za-z0-9._-` segments joined by `/`, none starting with a dot; a
 * name that is not is refused with `bad_request`. Failures of the storage are thrown as `blob_unavailable` (retried
 * before that).
 */
export type BlobStore = {
  /**
   * Writes the whole blob; readers see the old one or the new one, never a part. Once `signal` is aborted nothing
   * new is sent, and its reason is thrown; what is under way may still land.
   */
  put(
    bucket: string,
    name: string,
    body: Uint8Array,
    headers: BlobHeaders,
    signal?: AbortSignal,
  ): Promise<void>;
  /** Undefined when there is none. */
  head(bucket: string, name: string): Promise<BlobInfo | undefined>;
  /** Undefined when there is none. A range is cut to the blob. A body that is not read to its end must be cancelled. */
  get(bucket: string, name: string, range?: ByteRange): Promise<BlobBody | undefined>;
  /** Also succeeds when there was none. */
  delete(bucket: string, name: string): Promise<void>;
  /** Names that start with `prefix`, in ascending order of their bytes. */
  list(bucket: string, prefix: string): AsyncIterable<string>;
  /** Throws `blob_unavailable`, with the setting to mend, when a blob could not be written now. */
  check(bucket: string): Promise<void>;
};

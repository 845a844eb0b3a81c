/** The blob storage port: files by bucket and name. Back ends are beside it; one contract suite tests them all. */

/** The headers that a blob is served with, the same in every back end. */
export type BlobHeaders = { readonly contentType: string; readonly cacheControl: string };

/** Metadata of a stored blob. */
export type BlobInfo = BlobHeaders & {
  readonly size: number;
  /** Strong entity tag, quotes included. */
  readonly etag: string;
};

/** A blob's bytes as a stream. `info.size` is the size of the whole blob, even for a range. */
export type BlobBody = { readonly info: BlobInfo; readonly body: ReadableStream<Uint8Array> };

/** A half-open byte range [start, end). */
export type ByteRange = { readonly start: number; readonly end: number };

/**
 * A blob store. Names are relative paths of `A-Za-z0-9._-` segments joined by `/`, none starting with a dot; any
 * other name is refused with `bad_request`. Storage failures are retried, then thrown as `blob_unavailable`.
 */
export type BlobStore = {
  /**
   * Writes the whole blob; readers see the old one or the new one, never a part. Once `signal` is aborted, it sends
   * nothing new and throws the signal's reason; a write in progress may still complete.
   */
  put(
    bucket: string,
    name: string,
    body: Uint8Array,
    headers: BlobHeaders,
    signal?: AbortSignal,
  ): Promise<void>;
  /** Undefined when the blob does not exist. */
  head(bucket: string, name: string): Promise<BlobInfo | undefined>;
  /**
   * Undefined when the blob does not exist. Clips the range to the blob. Cancel a body that you do not read to its end.
   */
  get(bucket: string, name: string, range?: ByteRange): Promise<BlobBody | undefined>;
  /** Also succeeds when the blob does not exist. */
  delete(bucket: string, name: string): Promise<void>;
  /** Lists the names that start with `prefix`, in ascending byte order. */
  list(bucket: string, prefix: string): AsyncIterable<string>;
  /** Throws `blob_unavailable`, naming the setting to change, when a blob could not be written now. */
  check(bucket: string): Promise<void>;
};

/** A blob store over HTTP: the part that S3 and Azure share. A dialect supplies the rest. */

import { AppError } from "../errors.ts";
import type { BlobBody, BlobHeaders, BlobInfo, BlobStore, ByteRange } from "./blob.ts";
import { readAtMost } from "./bounded-body.ts";
import {
  clampRange,
  isBlobName,
  requireBucket,
  requireHeaders,
  requireName,
  requirePrefix,
  requireRange,
} from "./name.ts";
import type { Dialect, ListPage, ObjectRequest } from "./object-dialect.ts";
import { answerFailure, errorCode, networkFailure } from "./object-failure.ts";
import { resumingBody } from "./resuming-body.ts";
import { type HttpOptions, retryingFetch } from "./retrying-fetch.ts";

/** Largest list response: room for 5000 names of 1024 bytes and their metadata. */
const MAX_LIST_BYTES = 16 * 1024 * 1024;

const PROBE = ".wayfarer-check";

/** Creates a blob store that speaks `dialect` and lists in pages of `pageSize`. */
export function objectBlobStore(
  dialect: Dialect,
  options: HttpOptions,
  pageSize: number,
): BlobStore {
  async function send(
    request: ObjectRequest,
    accepted: readonly number[],
    signal?: AbortSignal,
  ): Promise<Response> {
    const response = await retryingFetch(() => dialect.prepare(request), options, signal).catch(
      (error: unknown) => {
        signal?.throwIfAborted();
        throw networkFailure(dialect, request.bucket, error);
      },
    );
    if (accepted.includes(response.status)) return response;
    const code = await errorCode(response, options.timeoutMs);
    throw answerFailure(dialect, request.bucket, response.status, code);
  }

  /** The response, or undefined when the blob does not exist. Throws for a missing bucket if the store reports one. */
  async function find(
    request: ObjectRequest,
    accepted: readonly number[],
  ): Promise<Response | undefined> {
    const response = await send(request, [...accepted, 404]);
    if (response.status !== 404) return response;
    const code = await errorCode(response, options.timeoutMs);
    if (code !== dialect.bucketMissing) return undefined;
    throw answerFailure(dialect, request.bucket, 404, code);
  }

  async function write(
    bucket: string,
    name: string,
    body: Uint8Array,
    headers: BlobHeaders,
    signal?: AbortSignal,
  ): Promise<void> {
    const request = {
      bucket,
      name,
      headers: dialect.putHeaders(headers),
      body: overArrayBuffer(body),
    };
    await discard(await send({ method: "PUT", ...request }, [200, 201], signal));
  }

  async function remove(bucket: string, name: string): Promise<void> {
    const response = await find({ method: "DELETE", bucket, name }, [200, 202, 204]);
    if (response !== undefined) await discard(response);
  }

  async function head(bucket: string, name: string): Promise<BlobInfo | undefined> {
    const response = await find({ method: "HEAD", bucket, name }, [200]);
    return response && infoOf(response, dialect, response.headers.get("content-length"));
  }

  async function open(
    bucket: string,
    name: string,
    range: ByteRange | undefined,
    headers: Readonly<Record<string, string>>,
  ): Promise<BlobBody | undefined> {
    const asked = range && { range: `bytes=${range.start}-${range.end - 1}` };
    const request = { method: "GET", bucket, name, headers: { ...headers, ...asked } } as const;
    const response = await find(request, range ? [206, 416] : [200]);
    if (response === undefined) return undefined;
    if (response.status === 416) {
      await discard(response);
      return await openNothing(bucket, name);
    }
    const size = range
      ? sizeInRange(response.headers.get("content-range"), range)
      : response.headers.get("content-length");
    const info = infoOf(response, dialect, size);
    return { info, body: response.body ?? new Blob([]).stream() };
  }

  async function openNothing(bucket: string, name: string): Promise<BlobBody | undefined> {
    const info = await head(bucket, name);
    return info && { info, body: new Blob([]).stream() };
  }

  async function page(
    bucket: string,
    prefix: string,
    from: string | undefined,
  ): Promise<ListPage> {
    const query = dialect.listQuery(prefix, pageSize, from);
    const response = await send({ method: "GET", bucket, query }, [200]);
    try {
      const { text, complete } = await readAtMost(response, MAX_LIST_BYTES, options.timeoutMs);
      if (!complete) throw new Error("the list is too long");
      return dialect.readPage(text);
    } catch (error) {
      throw networkFailure(dialect, bucket, error);
    }
  }

  return {
    async put(
      bucket: string,
      name: string,
      body: Uint8Array,
      headers: BlobHeaders,
      signal?: AbortSignal,
    ): Promise<void> {
      requireName(bucket, name);
      requireHeaders(headers);
      signal?.throwIfAborted();
      await write(bucket, name, body, headers, signal);
    },

    async head(bucket: string, name: string): Promise<BlobInfo | undefined> {
      requireName(bucket, name);
      return await head(bucket, name);
    },

    async get(bucket: string, name: string, range?: ByteRange): Promise<BlobBody | undefined> {
      requireName(bucket, name);
      requireRange(range);
      if (range !== undefined && range.start === range.end) return await openNothing(bucket, name);
      const first = await open(bucket, name, range, {});
      if (first === undefined) return undefined;
      const { info } = first;
      const reopen = async (rest: ByteRange): Promise<ReadableStream<Uint8Array>> => {
        const again = await open(bucket, name, rest, { "if-match": info.etag });
        if (again?.info.etag === info.etag) return again.body;
        throw networkFailure(dialect, bucket, new Error("the blob was replaced while it was read"));
      };
      const part = clampRange(range, info.size);
      const failure = (error: unknown): Error => networkFailure(dialect, bucket, error);
      return { info, body: resumingBody(first.body, part, reopen, options, failure) };
    },

    async delete(bucket: string, name: string): Promise<void> {
      requireName(bucket, name);
      await remove(bucket, name);
    },

    async *list(bucket: string, prefix: string): AsyncIterable<string> {
      requirePrefix(bucket, prefix);
      let from: string | undefined;
      do {
        const { names, next } = await page(bucket, prefix, from);
        yield* names.filter((name) => name.startsWith(prefix) && isBlobName(name));
        if (next !== undefined && next === from) {
          throw networkFailure(dialect, bucket, new Error("the list repeats a page"));
        }
        from = next;
      } while (from !== undefined);
    },

    async check(bucket: string): Promise<void> {
      requireBucket(bucket);
      const headers = { contentType: "text/plain", cacheControl: "no-store" };
      await write(bucket, PROBE, new Uint8Array(1), headers);
      await remove(bucket, PROBE);
    },
  };
}

/** The size of the whole blob, if the response starts where `range` does. */
function sizeInRange(contentRange: string | null, range: ByteRange): string | undefined {
  const [, start, size] = /^bytes (\d+)-\d+\/(\d+)$/.exec(contentRange ?? "") ?? [];
  return Number(start) === range.start ? size : undefined;
}

const discard = async (response: Response): Promise<void> => await response.body?.cancel();

function infoOf(response: Response, dialect: Dialect, size: string | null | undefined): BlobInfo {
  const etag = response.headers.get("etag");
  if (etag === null || !/^\d{1,15}$/.test(size ?? "")) {
    throw new AppError(
      "blob_unavailable",
      `${dialect.title} sent no entity tag or size: is it one?`,
    );
  }
  return {
    contentType: response.headers.get("content-type") ?? "application/octet-stream",
    cacheControl: response.headers.get("cache-control") ?? "no-cache",
    size: Number(size),
    etag,
  };
}

/** The same bytes, typed for interfaces that refuse shared memory. */
function overArrayBuffer(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, byteLength } = bytes;
  return buffer instanceof ArrayBuffer
    ? new Uint8Array(buffer, byteOffset, byteLength)
    : new Uint8Array(bytes);
}

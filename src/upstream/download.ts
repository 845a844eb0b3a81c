import { accept, type Outcome, refuse } from "../errors.ts";
import { type FetchPolicy, guardedFetch } from "../http/guarded-fetch.ts";
import { READ_LIMITS } from "../export-file/format.ts";
import { type IndexLines, parseIndex } from "../export-file/index-lines.ts";
import type { UpstreamSettings } from "./settings.ts";

/** How to reach other servers: PEER_ALLOW_PRIVATE decides about private addresses. */
export type UpstreamFetch = Pick<FetchPolicy, "fetch" | "resolve" | "allowPrivate" | "allowHttp">;

/** The most bytes of an index. */
const MAX_INDEX_BYTES: number = 1024 * 1024;

/** The dependencies of downloads. */
export type Downloader = {
  readonly fetch: UpstreamFetch;
  readonly settings: Pick<UpstreamSettings, "indexTimeoutMs" | "fileTimeoutMs">;
};

/** A list of files, or that the list with this entity tag is unchanged. */
export type UpstreamIndex =
  | { readonly changed: false }
  | (IndexLines & { readonly changed: true; readonly etag: string | undefined });

/** The longest entity tag that is stored. */
const MAX_ETAG = 200;

/** Downloads and parses a list of files, unless its entity tag is still `etag`. */
export async function readIndex(
  { fetch, settings }: Downloader,
  indexUrl: string,
  etag: string | undefined,
  signal: AbortSignal,
): Promise<Outcome<UpstreamIndex>> {
  const fetched = await guardedFetch(
    indexUrl,
    { ...fetch, timeoutMs: settings.indexTimeoutMs, maxBytes: MAX_INDEX_BYTES },
    { signal, ...(etag === undefined ? {} : { headers: { "if-none-match": etag } }) },
  );
  if (!fetched.ok) return fetched;
  if (fetched.value.status === 304) return accept({ changed: false });
  const lines = parseIndex(fetched.value.bytes);
  if (!lines.ok) return lines;
  const tag = fetched.value.headers.get("etag") ?? undefined;
  const usable = tag !== undefined && tag.length <= MAX_ETAG && /^(W\/)?"[!#-~]*"$/.test(tag);
  return accept({ changed: true, ...lines.value, etag: usable ? tag : undefined });
}

/**
 * Downloads a file of at most 20 MiB. `url` comes from {@link fileUrl}. `not_found`: the server answers, but does not
 * have the file or does not give it to us.
 */
export async function downloadFile(
  { fetch, settings }: Downloader,
  exportRoot: string,
  url: string,
  signal: AbortSignal,
): Promise<Outcome<Uint8Array<ArrayBuffer>>> {
  const fetched = await guardedFetch(
    url + new URL(exportRoot).search,
    { ...fetch, timeoutMs: settings.fileTimeoutMs, maxBytes: READ_LIMITS.zipBytes },
    { signal, accepts: (status) => status === 200 || (status >= 400 && status < 500) },
  );
  if (!fetched.ok) return fetched;
  const { status, bytes } = fetched.value;
  return status === 200
    ? accept(bytes)
    : refuse("not_found", `${new URL(url).host} answered HTTP ${status}`);
}

/** The URL of a file, without the root's query, which may hold a secret. `path` comes from {@link parseIndex}. */
export function fileUrl(exportRoot: string, path: string): string {
  const url = new URL(exportRoot);
  url.search = "";
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/${path}`;
  return url.href;
}

/** The last segment of a file's URL. */
export function lastSegment(url: string): string {
  return url.slice(url.lastIndexOf("/") + 1);
}

import { accept, type Outcome, refuse } from "../errors.ts";
import { type FetchPolicy, guardedFetch } from "../http/guarded-fetch.ts";
import { READ_LIMITS } from "../export-file/format.ts";
import { type IndexLines, parseIndex } from "../export-file/index-lines.ts";
import type { UpstreamSettings } from "./settings.ts";

/** How other servers are reached: PEER_ALLOW_PRIVATE decides about private addresses. */
export type UpstreamFetch = Pick<FetchPolicy, "fetch" | "resolve" | "allowPrivate" | "allowHttp">;

/** Bytes of an index. */
const MAX_INDEX_BYTES: number = 1024 * 1024;

/** What downloading needs. */
export type Downloader = {
  readonly fetch: UpstreamFetch;
  readonly settings: Pick<UpstreamSettings, "indexTimeoutMs" | "fileTimeoutMs">;
};

/** A list of files, or that it is the one of the entity tag. */
export type UpstreamIndex =
  | { readonly changed: false }
  | (IndexLines & { readonly changed: true; readonly etag: string | undefined });

/** Longest entity tag that is remembered. */
const MAX_ETAG = 200;

/** Downloads and reads a list of files; `etag` is that of the list that needs no other look. */
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
 * Downloads a file, at most 20 MiB. `url` comes from {@link fileUrl}. `not_found`: the server is there, the file is
 * not, or not for us.
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

/** Where a file is, without the root's query, which may hold a secret. `path` comes from {@link parseIndex}. */
export function fileUrl(exportRoot: string, path: string): string {
  const url = new URL(exportRoot);
  url.search = "";
  url.pathname = `${url.pathname.replace(/\/+$/, "")}/${path}`;
  return url.href;
}

/** The last segment of a file's address. */
export function lastSegment(url: string): string {
  return url.slice(url.lastIndexOf("/") + 1);
}

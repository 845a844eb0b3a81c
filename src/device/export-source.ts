import { accept, type Outcome, refuse } from "../errors.ts";
import { parseIndex } from "../export-file/index-lines.ts";
import { type Fetch, fetchBounded } from "./bounded-fetch.ts";

/** The location of a region's files. */
export type ExportSource = {
  /** The base URL of the index's lines, such as `https://server/exports/`. */
  readonly baseUrl: string;
  /** The filename root: the index is `ROOT/index.txt`. */
  readonly root: string;
};

/** Limits of a download. */
export type DownloadLimits = {
  readonly indexBytes: number;
  readonly fileBytes: number;
  readonly timeoutMs: number;
};

export const DOWNLOAD_LIMITS: DownloadLimits = {
  indexBytes: 1024 * 1024,
  fileBytes: 20 * 1024 * 1024,
  timeoutMs: 60_000,
};

/** The dependencies of the download functions. */
export type Downloads = {
  readonly fetch: Fetch;
  readonly source: ExportSource;
  readonly limits: DownloadLimits;
  readonly signal?: AbortSignal | undefined;
};

/** Downloads the paths in the index, oldest first. `not_found` when the index does not exist (404). */
export async function readIndex(downloads: Downloads): Promise<Outcome<readonly string[]>> {
  const { limits, source } = downloads;
  const bytes = await get(downloads, `${source.root}/index.txt`, limits.indexBytes);
  if (!bytes.ok) return bytes;
  const lines = parseIndex(bytes.value);
  if (!lines.ok) return lines;
  const { paths, firstRefused } = lines.value;
  if (firstRefused === undefined) return accept(paths);
  return refuse(
    "malformed_file",
    `index.txt of ${source.root}: line ${firstRefused} is not the relative path of a .zip file`,
  );
}

/** Downloads one file of the index. `not_found` when it does not exist. */
export async function readFile(downloads: Downloads, path: string): Promise<Outcome<Uint8Array>> {
  return await get(downloads, path, downloads.limits.fileBytes);
}

async function get(
  { fetch, source, limits, signal }: Downloads,
  path: string,
  maxBytes: number,
): Promise<Outcome<Uint8Array>> {
  const url = `${source.baseUrl.replace(/\/+$/, "")}/${path}`;
  const bounds = { maxBytes, timeoutMs: limits.timeoutMs, signal };
  const answer = await fetchBounded(fetch, url, bounds);
  if (!answer.ok) return answer;
  const { status, body } = answer.value;
  if (status === 200) return accept(body);
  if (status === 404) return refuse("not_found", `${url} does not exist (404)`);
  return refuse("fetch_failed", `${url} answered ${status}, not 200`);
}

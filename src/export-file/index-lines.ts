import { accept, type Outcome, refuse } from "../errors.ts";

/** The files that an index names. */
export type IndexLines = {
  /** Paths relative to the export root, in order, each once. */
  readonly paths: readonly string[];
  /** Lines that are no path of an export file. */
  readonly refused: number;
  /** Number of the first of them, from 1. */
  readonly firstRefused?: number;
};

/** Files that an index may name. */
export const MAX_INDEX_FILES = 20_000;
/** Characters of a path: what storage takes as a name. */
const MAX_PATH = 1024;
/** Unreserved characters and harmless delimiters (RFC 3986), no `%`, which could hide others; not beginning with a dot. */
const SEGMENT = /^[A-Za-z0-9_~+=@,!()-][A-Za-z0-9._~+=@,!()-]*$/;
const ZIP = /\.zip$/i;

/**
 * Reads an index: a path of a zip a line, with or without a slash before it; `.` and `..` are resolved. Lines that are
 * anything else (addresses, paths that leave the root or are cut off, queries, control characters) are counted and left
 * out: whoever deletes what an index does not name must not do so while there are any. Refused as `malformed_file` when
 * every line is such, so that a page or a word is not taken for an index; as `limit_exceeded` beyond
 * {@link MAX_INDEX_FILES}.
 */
export function parseIndex(bytes: Uint8Array): Outcome<IndexLines> {
  const paths = new Set<string>();
  const refused: number[] = [];
  for (const [index, raw] of new TextDecoder().decode(bytes).split("\n").entries()) {
    const line = raw.replace(/^[ \t]+|[ \t\r]+$/g, "");
    if (line === "") continue;
    const path = pathOf(line);
    if (path === undefined) refused.push(index + 1);
    else paths.add(path);
    if (paths.size > MAX_INDEX_FILES) {
      return refuse("limit_exceeded", `the index names more than ${MAX_INDEX_FILES} files`);
    }
  }
  const [firstRefused] = refused;
  if (firstRefused === undefined) return accept({ paths: [...paths], refused: 0 });
  if (paths.size > 0) {
    return accept({ paths: [...paths], refused: refused.length, firstRefused });
  }
  return refuse("malformed_file", "not an index: no line of it is the path of a .zip file");
}

/** The path inside the root that a line means; undefined when it is none. */
function pathOf(line: string): string | undefined {
  if (line.length > MAX_PATH || !ZIP.test(line)) return undefined;
  const segments: string[] = [];
  for (const segment of line.replace(/^\/(?!\/)/, "").split("/")) {
    if (segment === ".") continue;
    if (segment === "..") {
      if (segments.pop() === undefined) return undefined;
    } else if (SEGMENT.test(segment)) segments.push(segment);
    else return undefined;
  }
  return segments.join("/");
}

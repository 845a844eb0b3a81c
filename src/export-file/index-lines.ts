import { accept, type Outcome, refuse } from "../errors.ts";

/** The files that an index names. */
export type IndexLines = {
  /** Paths relative to the export root, in order, each once. */
  readonly paths: readonly string[];
  /** The number of lines that are not the path of an export file. */
  readonly refused: number;
  /** The number of the first such line, from 1. */
  readonly firstRefused?: number;
};

/** The most files that an index may name. */
export const MAX_INDEX_FILES = 20_000;
/** The longest path in characters: the limit of storage names. */
const MAX_PATH = 1024;
/**
 * Unreserved characters and harmless delimiters (RFC 3986), no `%`, which could hide others; the first is not a dot.
 */
const SEGMENT = /^[A-Za-z0-9_~+=@,!()-][A-Za-z0-9._~+=@,!()-]*$/;
const ZIP = /\.zip$/i;

/**
 * Parses an index: one path of a zip per line, with or without a leading slash; resolves `.` and `..`. Other lines
 * (URLs, paths that leave the root or are cut off, queries, control characters) are counted and left out. Callers that
 * delete files which the index does not name must not do so while there are such lines. Refuses an index with no other
 * lines as `malformed_file`, so that a web page does not pass for an index, and more than {@link MAX_INDEX_FILES} as
 * `limit_exceeded`.
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
  return refuse("malformed_file", "not an index: no line is the path of a .zip file");
}

/** Resolves a line to a path inside the root; undefined when it is not one. */
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

import { accept, type Outcome, refuse } from "../errors.ts";

/** The files that another server's index names. */
export type IndexLines = {
  /** Paths relative to the export root, in order, each once. */
  readonly paths: readonly string[];
  /** Lines that are no safe path. */
  readonly refused: number;
};

/** Files that an index may name. */
export const MAX_INDEX_FILES = 20_000;
/** Characters of a path: what storage takes as a name. */
const MAX_PATH = 1024;
/** Unreserved characters and harmless delimiters (RFC 3986); no `%`, which could hide others, none beginning with a dot. */
const SAFE_PATH =
  /^[A-Za-z0-9_~+=@,!()-][A-Za-z0-9._~+=@,!()-]*(\/[A-Za-z0-9_~+=@,!()-][A-Za-z0-9._~+=@,!()-]*)*$/;

/**
 * Reads an index: a path a line, with or without a slash before it. Lines that are anything else (addresses, `..`,
 * queries, control characters) are counted and left out. Refused as `malformed_file` when no line of it is a path, so
 * that an error page is not taken for an index; as `limit_exceeded` beyond {@link MAX_INDEX_FILES}.
 */
export function parseIndex(bytes: Uint8Array): Outcome<IndexLines> {
  const paths = new Set<string>();
  let refused = 0;
  for (const raw of new TextDecoder().decode(bytes).split("\n")) {
    const line = raw.replace(/^[ \t]+|[ \t\r]+$/g, "");
    if (line === "") continue;
    const path = line.replace(/^\/(?!\/)/, "");
    if (path.length > MAX_PATH || !SAFE_PATH.test(path)) refused++;
    else paths.add(path);
    if (paths.size > MAX_INDEX_FILES) {
      return refuse("limit_exceeded", `the index names more than ${MAX_INDEX_FILES} files`);
    }
  }
  if (paths.size === 0 && refused > 0) {
    return refuse("malformed_file", "the index is none: no line of it is a path");
  }
  return accept({ paths: [...paths], refused });
}

import { accept, type Outcome, refuse } from "../../errors.ts";
import { isBlobName } from "../../blob/name.ts";
import { lastSegment } from "../download.ts";
import { indexName } from "../../export-file/served-files.ts";

/** Placeholder for a random UUID. */
const UUID = "[uuid]";

/**
 * The name of a copy below the root: the rewrite with its UUID filled in and `[timestamp]` left for later, or the last
 * segment of the file's own name. Refused when storage does not allow it or it is the name of our index.
 */
export function copyName(
  root: string,
  url: string,
  rewrite: string | undefined,
  newUuid: () => string,
): Outcome<string> {
  const name = rewrite?.replaceAll(UUID, newUuid) ?? lastSegment(url);
  const whole = `${root}/${name.replaceAll("[timestamp]", "0")}`;
  if (isBlobName(whole) && whole !== indexName(root)) return accept(name);
  return refuse("bad_request", "a copy cannot have its name: set filenameRewrite");
}

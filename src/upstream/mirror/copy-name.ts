import { accept, type Outcome, refuse } from "../../errors.ts";
import { isBlobName } from "../../blob/name.ts";
import { lastSegment } from "../download.ts";
import { indexName } from "../../export-file/served-files.ts";

/** Where `[uuid]` stands for a random UUID. */
const UUID = "[uuid]";

/**
 * The name of a copy below the root: the rewrite with its UUID, `[timestamp]` left for later, or else the file's own
 * last segment. Refused when no storage takes it, or when it is that of our index.
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
  return refuse("bad_request", "its name cannot be that of a copy: set filenameRewrite");
}

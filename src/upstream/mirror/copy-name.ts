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

/** A random UUID (RFC 9562, version 4) of 16 random bytes. */
export function uuidOf(random: Uint8Array): string {
  const bytes = Uint8Array.from(random.subarray(0, 16));
  bytes[6] = (bytes[6] ?? 0) & 0x0f | 0x40;
  bytes[8] = (bytes[8] ?? 0) & 0x3f | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
}

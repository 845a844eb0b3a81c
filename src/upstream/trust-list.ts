import type { IndexLines } from "../export-file/index-lines.ts";
import type { IndexReader, IndexUse, UpstreamIndexes } from "../store/upstream/index-state.ts";
import type { ListOverlap } from "../store/upstream/mirror-file.ts";
import type { ReportUpstream } from "./events.ts";

/** How long a list that lacks most of the files must say so before it is believed. A job's shortest interval. */
const SECOND_LOOK_SECONDS = 60;

/**
 * What may be forgotten on the word of a list. `everything`: whatever it does not name. `nothing`: some of its lines
 * are no path, so that it may be cut off. `held`: it is empty, or names less than half of the files that were listed
 * before, for the first time: an error page or half an answer must not delete what is good.
 */
export type ListTrust = "everything" | "nothing" | "held";

/** Decides what a list may have forgotten, keeps why it is held, and reports it. */
export async function trustOf(
  { indexes, report }: { readonly indexes: UpstreamIndexes; readonly report: ReportUpstream },
  reader: IndexReader,
  use: IndexUse,
  { paths, refused }: IndexLines,
  { listed, kept }: ListOverlap,
): Promise<ListTrust> {
  if (refused > 0) {
    report({ kind: "lines-refused", ...reader, count: refused });
    return "nothing";
  }
  if (kept * 2 >= listed) return "everything";
  const message = paths.length === 0
    ? `the index names no file; ${listed} were listed: they stay until they expire`
    : `the index names ${kept} of the ${listed} files that were listed: the others stay until it says so again`;
  const again = await indexes.heldBack(reader, use, paths, message, SECOND_LOOK_SECONDS);
  if (again && paths.length > 0) return "everything";
  if (!again) report({ kind: "list-shrank", ...reader, message });
  return "held";
}

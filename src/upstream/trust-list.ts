import type { IndexLines } from "../export-file/index-lines.ts";
import type { IndexReader, IndexUse, UpstreamIndexes } from "../store/upstream/index-state.ts";
import type { ListOverlap } from "../store/upstream/mirror-file.ts";
import type { ReportUpstream } from "./events.ts";

/** How long a list that lacks most files must stay unchanged before it is believed: a job's shortest interval. */
const SECOND_LOOK_SECONDS = 60;

/**
 * Which files a list may remove. `everything`: all that it does not name. `nothing`: some of its lines are not paths,
 * so it may be truncated. `held`: none for now, because for the first time it is empty or names less than half of the
 * files that were listed before. An error page or a truncated response must not delete good files.
 */
export type ListTrust = "everything" | "nothing" | "held";

/** Decides which files a list may remove. If it is held, stores and reports the reason. */
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
    ? `the index names no file, but ${listed} were listed: they stay until they expire`
    : `the index names ${kept} of the ${listed} files that were listed: the others stay until the next read confirms it`;
  const again = await indexes.heldBack(reader, use, paths, message, SECOND_LOOK_SECONDS);
  if (again && paths.length > 0) return "everything";
  if (!again) report({ kind: "list-shrank", ...reader, message });
  return "held";
}

import type { ImportProgress } from "../../store/upstream/import-keys.ts";
import { CopyRows } from "../../store/exposure/copy-row.ts";
import { KEYS_PER_YIELD, yieldToEventLoop } from "../../export-file/yield-to-event-loop.ts";
import type { FileKey } from "../../export-file/file-key.ts";
import type { ExportFile } from "../../export-file/read.ts";
import { type ImportKeyRules, type ImportPart, takeKey } from "./imported-key.ts";

/** Keys stored in one transaction: at most about a second of writing. */
export const KEYS_A_PORTION = 20_000;

/** A portion of a file's keys, checked. The counts cover this portion. */
export type CheckedPortion = {
  readonly part: ImportPart;
  readonly rows: CopyRows;
  /** The number of keys in the portion, good and bad. */
  readonly keys: number;
  readonly onsetsDropped: number;
  readonly skipped: Readonly<Record<string, number>>;
};

/**
 * Yields the keys, then the revised keys of a file in portions, without the first `handled`. Checks each portion on
 * demand, without blocking the event loop.
 */
export async function* readKeys(
  file: Pick<ExportFile, "keys" | "revisedKeys" | "keyCount" | "revisedKeyCount">,
  handled: Pick<ImportProgress, "handled">["handled"],
  rules: ImportKeyRules,
): AsyncGenerator<CheckedPortion> {
  yield* portions("keys", file.keys(), handled, rules);
  yield* portions("revised", file.revisedKeys(), Math.max(0, handled - file.keyCount), rules);
}

async function* portions(
  part: ImportPart,
  keys: Iterable<FileKey>,
  handled: number,
  rules: ImportKeyRules,
): AsyncGenerator<CheckedPortion> {
  let portion = new OpenPortion(part);
  let read = 0;
  for (const key of keys) {
    if (++read % KEYS_PER_YIELD === 0) await yieldToEventLoop();
    if (read <= handled) continue;
    portion.add(key, rules);
    if (portion.keys === KEYS_A_PORTION) {
      yield portion;
      portion = new OpenPortion(part);
    }
  }
  if (portion.keys > 0) yield portion;
}

class OpenPortion implements CheckedPortion {
  readonly rows: CopyRows = new CopyRows(KEYS_A_PORTION);
  readonly skipped: Record<string, number> = {};
  readonly part: ImportPart;
  keys = 0;
  onsetsDropped = 0;

  constructor(part: ImportPart) {
    this.part = part;
  }

  add(found: FileKey, rules: ImportKeyRules): void {
    this.keys++;
    const taken = takeKey(found, this.part, rules);
    if (typeof taken === "string") {
      this.skipped[taken] = (this.skipped[taken] ?? 0) + 1;
      return;
    }
    if (taken.onsetDropped) this.onsetsDropped++;
    this.rows.add(taken);
  }
}

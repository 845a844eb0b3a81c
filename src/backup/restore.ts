import { AppError, type Outcome, refuse } from "../errors.ts";
import { restoreInto } from "../store/backup/restore.ts";
import type { Database } from "../store/database.ts";
import type { BackupHead, BackupSums } from "./format.ts";
import { readBackup } from "./read.ts";
import { WrappedKeyCollector, type WrappedKeys } from "./wrapped-keys.ts";

/** What a whole backup holds. */
export type BackupContents = {
  readonly head: BackupHead;
  readonly sums: BackupSums;
  readonly keys: WrappedKeys;
};

/** Reads all of a backup and compares every sum; see {@link readBackup} for what it throws. */
export async function checkBackup(
  chunks: AsyncIterable<Uint8Array>,
): Promise<BackupContents> {
  let head: BackupHead | undefined;
  let sums: BackupSums | undefined;
  const keys = new WrappedKeyCollector();
  for await (const item of readBackup(chunks)) {
    if (item.kind === "head") head = item.head;
    else if (item.kind === "sums") sums = item.sums;
    else if (head !== undefined) keys.add(head, item.table, item.bytes);
  }
  if (head === undefined || sums === undefined) {
    throw new AppError("internal", "a whole backup without head or sums");
  }
  return { head, sums, keys: keys.keys() };
}

/**
 * Makes the database hold what the backup holds, in one transaction. `chunks` is the backup that was checked, from its
 * start; when it is another one, nothing is changed. The schema is the backup's afterwards: bring it to the newest.
 */
export async function restoreBackup(
  database: Pick<Database, "bulk">,
  chunks: AsyncIterable<Uint8Array>,
  { head, sums }: BackupContents,
): Promise<Outcome<void>> {
  return await restoreInto(database, head, async (sink) => {
    for await (const item of readBackup(chunks)) {
      if (item.kind === "rows") await sink.rows(item.table, item.bytes);
      else if (item.kind === "sums" && !sameSums(item.sums, sums)) {
        throw new AppError(
          "malformed_file",
          "the backup was replaced by another while it was read",
        );
      }
    }
    return sums.counters;
  });
}

function sameSums(one: BackupSums, other: BackupSums): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Why a backup cannot go into a database with the schemas that this program knows. */
export function schemaFault({ schema }: BackupHead, newest: number): Outcome<never> | undefined {
  if (schema <= newest) return undefined;
  return refuse(
    "invalid_configuration",
    `the backup has schema version ${schema}, and this program knows ${newest}: restore it with the program that made it, or a newer one`,
  );
}

import type { Writable } from "node:stream";
import { finished } from "node:stream/promises";
import type { Region } from "../../model/ids.ts";
import { type Database, sqlState, UNIQUE_VIOLATION } from "../database.ts";
import type { Transaction } from "../sql.ts";
import { type CopyRows, STAGING_COLUMNS } from "../exposure/copy-row.ts";
import {
  addStagedRegionsSql,
  insertStagedSql,
  lockStagedSql,
  reviseStagedSql,
} from "../exposure/staged.ts";
import type { WindowRules } from "../exposure/window-sql.ts";

/** The progress in a file, with the results for its keys. */
export type ImportProgress = {
  /** The number of keys, then revised keys, that were handled. */
  readonly handled: number;
  readonly inserted: number;
  readonly revised: number;
  /** Keys that were already known. */
  readonly duplicates: number;
  /** Revisions that change nothing, or of keys that are already revised or not of this import. */
  readonly unmatched: number;
  /** Keys with a DSOS that no phone accepts. */
  readonly onsetsDropped: number;
  /** Bad keys by reason. */
  readonly skipped: Readonly<Record<string, number>>;
};

/** The file of the keys, and the values that they get. */
export type ImportTarget = {
  /** The id of the row in `import_file`. */
  readonly file: number;
  /** Name of the ExportImport. */
  readonly source: string;
  readonly region: Region;
  readonly traveler: boolean;
};

/** A portion of a file's keys, and the progress in the file after it. */
export type ImportPortion = {
  readonly part: "keys" | "revised";
  readonly rows: CopyRows;
  /** The progress before this portion. */
  readonly before: ImportProgress;
  readonly handled: number;
  readonly onsetsDropped: number;
  readonly skipped: Readonly<Record<string, number>>;
  /** Whether this is the last portion of the file. */
  readonly last: boolean;
};

/** The store of imported keys. */
export type ImportKeys = {
  /**
   * Stores a portion and its progress in one short transaction. Stores nothing and returns undefined when another
   * worker has continued the file.
   */
  store(target: ImportTarget, portion: ImportPortion): Promise<ImportProgress | undefined>;
};

/** The rules for `created_at`, and the time limit of a transaction. */
export type ImportKeysSettings = WindowRules & {
  /** Time limit of each statement: the same as for requests, so that windows close in time. */
  readonly statementTimeoutMs: number;
  /** UTC seconds by this process's clock. */
  readonly processSeconds: () => number;
};

const PREPARED = { prepare: true } as const;

/** Another worker stored this portion. */
class Overtaken extends Error {}

/** Imported keys in the database. */
export function importKeys({ bulk }: Database, settings: ImportKeysSettings): ImportKeys {
  const timeout = Math.floor(settings.statementTimeoutMs);
  const prepare = `
    set local statement_timeout = ${timeout};
    set local idle_in_transaction_session_timeout = ${timeout};
    set local lock_timeout = ${Math.max(1, Math.floor(timeout / 2))};
    create temp table if not exists import_row (${STAGING_COLUMNS}) on commit delete rows`;
  const insertAll = insertStagedSql("import_row", settings);
  const insertNew = `${insertAll} on conflict (key) do nothing`;
  const revise = reviseStagedSql("import_row", settings.windowSeconds);
  const lock = lockStagedSql("import_row");
  const addRegions = addStagedRegionsSql("import_row", settings.windowSeconds);

  /** The search for duplicates takes a third of the time, so keys are assumed new until the first duplicate. */
  const insert = async (
    sql: Transaction,
    target: ImportTarget,
    allNew: boolean,
  ): Promise<number> => {
    const parameters = [
      target.source,
      target.region,
      target.traveler,
      settings.processSeconds(),
    ];
    if (allNew) {
      try {
        return await sql.savepoint(async (inner) =>
          (await inner.unsafe(insertAll, parameters, PREPARED)).count
        ) as number;
      } catch (error) {
        if (sqlState(error) !== UNIQUE_VIOLATION) throw error;
      }
    }
    return (await sql.unsafe(insertNew, parameters, PREPARED)).count;
  };

  const storeIn = async (
    sql: Transaction,
    target: ImportTarget,
    portion: ImportPortion,
  ): Promise<ImportProgress> => {
    const { part, rows, before } = portion;
    let written = 0;
    if (rows.count > 0) {
      await sql.unsafe(prepare).simple();
      await copyIn(sql, "import_row", rows.bytes());
      written = part === "keys"
        ? await insert(sql, target, before.duplicates === 0)
        : (await sql.unsafe(revise, [target.source], PREPARED)).count;
    }
    const rest = rows.count - written;
    if (part === "keys" && rest > 0) {
      // Known keys may be new to the region.
      await sql.unsafe(lock, [], PREPARED);
      await sql.unsafe(addRegions, [target.source, target.region], PREPARED);
    }
    const after: ImportProgress = {
      handled: portion.handled,
      inserted: before.inserted + (part === "keys" ? written : 0),
      duplicates: before.duplicates + (part === "keys" ? rest : 0),
      revised: before.revised + (part === "revised" ? written : 0),
      unmatched: before.unmatched + (part === "revised" ? rest : 0),
      onsetsDropped: portion.onsetsDropped,
      skipped: portion.skipped,
    };
    const noted = await sql`
      update import_file set handled = ${after.handled}, inserted = ${after.inserted},
        revised = ${after.revised}, duplicates = ${after.duplicates}, unmatched = ${after.unmatched},
        onsets_dropped = ${after.onsetsDropped}, skipped = ${sql.json(after.skipped)},
        state = case when ${portion.last} then 'done' else state end,
        finished_at = case when ${portion.last} then wayfarer_now() end,
        code = case when ${portion.last} then null else code end,
        message = case when ${portion.last} then null else message end
      where id = ${target.file} and handled = ${before.handled} and state <> 'done'`;
    if (noted.count === 0) throw new Overtaken();
    return after;
  };

  return {
    store: async (target, portion) => {
      try {
        return await bulk.begin((sql) => storeIn(sql, target, portion));
      } catch (error) {
        if (error instanceof Overtaken) return undefined;
        throw error;
      }
    },
  };
}

async function copyIn(sql: Transaction, table: string, bytes: Uint8Array): Promise<void> {
  const stream: Writable = await sql.unsafe(`copy ${table} from stdin (format binary)`).writable();
  const done = finished(stream);
  stream.end(bytes);
  await done;
}

import { AppError } from "../../errors.ts";
import type { StoredKey } from "../../model/exposure.ts";
import { type Database, sqlState, UNIQUE_VIOLATION } from "../database.ts";
import type { Transaction } from "../sql.ts";
import {
  insertUsedSql,
  isUsed,
  usedParameters,
  type UsedToken,
  useToken,
} from "../attest/used-token.ts";
import { storeFailure } from "../failure.ts";
import type { CheckedKey, CheckedSet, KeysOfSet } from "./checked-set.ts";
import { groupedWrites } from "./grouped-writes.ts";
import { knownSets } from "./known-sets.ts";
import { appendStatSql, type StatEntry, statParameters } from "./stat.ts";
import { columnArrays, sentRows } from "../exposure/array-literal.ts";
import { KEY_COLUMNS, REVISION_COLUMNS } from "../exposure/columns.ts";
import { storedKeys } from "../exposure/stored-keys.ts";
import { currentWindowSql, type WindowRules } from "../exposure/window-sql.ts";
import { insertExposuresSql, reviseExposuresSql } from "../exposure/write.ts";

/** What to write of a set of which some keys exist already. */
export type RevisionPlan = {
  readonly insert: readonly CheckedKey[];
  readonly revise: readonly CheckedKey[];
  readonly stat: StatEntry | undefined;
};

/** Where published keys go. Throws `database_unavailable` when the database cannot be reached or is too slow. */
export type PublishStore = {
  /**
   * Inserts all keys and appends the statistics, in one round trip; with `used`, uses up an attestation. False, and
   * nothing is stored, when a key exists or the attestation was used before.
   */
  insertAll(set: CheckedSet, stat: StatEntry | undefined, used?: UsedToken): Promise<boolean>;
  /**
   * Locks those of the keys that exist, lets `plan` decide, and writes what it answered, in one transaction;
   * undefined writes nothing. `plan` may be called again when another publish came between. Throws `overloaded`
   * when that happens too often. With `used`, what is written uses up an attestation: false, and nothing is stored,
   * when it was used before.
   */
  revise(
    set: CheckedSet,
    plan: (existing: ReadonlyMap<string, StoredKey>) => RevisionPlan | undefined,
    used?: UsedToken,
  ): Promise<boolean>;
  /** Reads what a publish of these keys would find; locks and changes nothing. */
  preview(keys: readonly CheckedKey[]): Promise<Preview>;
};

/** What a publish of some keys would find. */
export type Preview = {
  readonly existing: ReadonlyMap<string, StoredKey>;
  /** The database's clock, UTC seconds. */
  readonly now: number;
  /** The window that a row written now would get. */
  readonly currentWindow: number;
};

const MAX_ATTEMPTS = 12;
const SERIALIZATION_FAILURE = "40001";
const DEADLOCK_DETECTED = "40P01";
const RETRYABLE = [UNIQUE_VIOLATION, SERIALIZATION_FAILURE, DEADLOCK_DETECTED];

/** Statement and lock time-outs: in a group, a publish that waits for another must not fail the rest. */
const TOO_SLOW = ["57014", "55P03"];
/** Few statements at a time, so that under load publishes share them; alone none waits. */
const GROUPS = { atOnce: 4, items: 16 };

type NewSet = KeysOfSet & {
  readonly stat: StatEntry | undefined;
  readonly used: UsedToken | undefined;
};

/** Another publish inserted one of the keys after the existing ones were locked. */
class ConcurrentInsert extends Error {}

/** Another publish used the attestation up. */
class AlreadyUsed extends Error {}

/** Published keys in the database. `processSeconds`: UTC seconds by this process's clock. */
export function publishStore(
  { sql, answerWithinMs }: Database,
  settings: WindowRules,
  processSeconds: () => number,
): PublishStore {
  const insert = insertSql(settings);
  const insertWithStat = publishSql(settings);
  const insertWithUsed = attestedPublishSql(settings);
  const update = updateSql(settings.windowSeconds);
  const insertGrouped = groupedWrites<NewSet>(async (sets) => {
    const stats = sets.flatMap(({ stat }) => stat === undefined ? [] : [stat]);
    const used = sets.flatMap((set) => set.used === undefined ? [] : [set.used]);
    const parameters = [...insertParameters(sets, processSeconds()), ...statParameters(stats)];
    try {
      if (used.length === 0) await sql.unsafe(insertWithStat, parameters, PREPARED);
      else await sql.unsafe(insertWithUsed, [...parameters, ...usedParameters(used)], PREPARED);
      return { written: true };
    } catch (error) {
      const state = sqlState(error) ?? "";
      const alone = sets.length === 1;
      if (!alone && state === UNIQUE_VIOLATION) {
        return { written: false, atFault: await knownSets(sql, sets) };
      }
      const refused = alone ? RETRYABLE : [...RETRYABLE, ...TOO_SLOW];
      if (refused.includes(state)) return { written: false, atFault: [] };
      throw storeFailure(error);
    }
  }, { ...GROUPS, boundMs: answerWithinMs });

  const reviseOnce = async (
    transaction: Transaction,
    set: CheckedSet,
    plan: (existing: ReadonlyMap<string, StoredKey>) => RevisionPlan | undefined,
    used: UsedToken | undefined,
  ): Promise<void> => {
    const existing = await storedKeys(transaction, LOCAL, set.keys, { lock: true });
    // Before the keys are judged: whoever comes second with one attestation is told of that.
    if (used !== undefined && await isUsed(transaction, used.hash)) throw new AlreadyUsed();
    const planned = plan(existing);
    if (planned === undefined) return;
    // Inserts before updates: who waits for a key of ours then holds none that we want.
    if (planned.insert.length > 0) {
      const done = await transaction.unsafe(
        `${insert} on conflict (key) do nothing`,
        insertParameters([{ set, keys: planned.insert }], processSeconds()),
        PREPARED,
      );
      if (done.count !== planned.insert.length) throw new ConcurrentInsert();
    }
    if (planned.revise.length > 0) {
      await transaction.unsafe(update, updateParameters(set, planned.revise), PREPARED);
    }
    if (planned.stat !== undefined) {
      await transaction.unsafe(appendStatSql(1), statParameters([planned.stat]), PREPARED);
    }
    // After the keys, as in the statement of new sets: nobody then waits in the other direction.
    if (used !== undefined && !await useToken(transaction, used)) throw new AlreadyUsed();
  };

  return {
    insertAll: (set, stat, used) =>
      insertGrouped({ set, keys: set.keys, stat, used }).catch((error: unknown) => {
        throw storeFailure(error);
      }),
    revise: async (set, plan, used) => {
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        try {
          await sql.begin((transaction) => reviseOnce(transaction, set, plan, used));
          return true;
        } catch (error) {
          if (error instanceof AlreadyUsed) return false;
          const again = error instanceof ConcurrentInsert ||
            RETRYABLE.includes(sqlState(error) ?? "");
          if (!again) throw storeFailure(error);
        }
      }
      throw new AppError("overloaded", "the same keys are being published by others, try again");
    },
    preview: async (keys) => {
      try {
        const [clock] = await sql.unsafe<{ now: number; window: number }[]>(
          `select wayfarer_now() as now, ${currentWindowSql(settings.windowSeconds)} as window`,
        );
        return {
          existing: await storedKeys(sql, LOCAL, keys, { lock: false }),
          now: clock?.now ?? 0,
          currentWindow: clock?.window ?? 0,
        };
      } catch (error) {
        throw storeFailure(error);
      }
    },
  };
}

const PREPARED = { prepare: true } as const;
const LOCAL = { kind: "local" } as const;

/** What the keys of a publish have in common. */
type OfSet = "report_type" | "regions" | "traveler" | "health_authority";

const PUBLISHED = [...KEY_COLUMNS, "onset_told", "health_authority", "issuer"] as const;
const REVISED = [...REVISION_COLUMNS, "onset_told", "health_authority"] as const;

/** Inserts keys, of one publish or of several. Parameters: {@link insertParameters}. */
export function insertSql(rules: WindowRules): string {
  const processNow = `$${PUBLISHED.length + 1}::bigint`;
  return insertExposuresSql({ from: sentRows(PUBLISHED), columns: PUBLISHED, processNow }, rules);
}

/** The statement that stores publishes whose keys are all new. Parameters: those of keys, then those of statistics. */
export function publishSql(rules: WindowRules): string {
  return `with stat as (${appendStatSql(PUBLISHED.length + 2)}) ${insertSql(rules)}`;
}

/** The same for publishes that use attestations up, whose parameters come last. */
function attestedPublishSql(rules: WindowRules): string {
  const stat = PUBLISHED.length + 2;
  const used = stat + statParameters([]).length;
  return `with stat as (${appendStatSql(stat)}), used as (${insertUsedSql(used)}) ${
    insertSql(rules)
  }`;
}

/** Parameters of {@link insertSql}: a row a key. `processSeconds`: this process's clock, in UTC seconds. */
export function insertParameters(
  parts: readonly KeysOfSet[],
  processSeconds: number,
): string[] {
  const groups = parts.map(groupOf);
  return [
    ...columnArrays<(typeof PUBLISHED)[number], OfSet | "issuer">(PUBLISHED, groups),
    String(processSeconds),
  ];
}

/** Gives keys their one revision. Parameters: {@link updateParameters}. */
function updateSql(windowSeconds: number): string {
  return reviseExposuresSql(sentRows(REVISED), REVISED, windowSeconds);
}

/** Parameters of {@link updateSql}. */
function updateParameters(set: CheckedSet, keys: readonly CheckedKey[]): string[] {
  return columnArrays<(typeof REVISED)[number], OfSet>(REVISED, [groupOf({ set, keys })]);
}

const groupOf = ({ set, keys }: KeysOfSet) => ({ common: set, rows: keys });

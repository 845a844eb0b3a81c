import type { Database } from "../database.ts";
import { storeFailure } from "../failure.ts";
import { keyArray, type KeysOfSet } from "./publish-sql.ts";

/**
 * Those of some sets that cannot be inserted: a key of theirs is stored, or comes in a set before them. Throws as
 * {@link storeFailure} says.
 */
export async function knownSets<T extends KeysOfSet>(
  sql: Database["sql"],
  sets: readonly T[],
): Promise<readonly T[]> {
  const rows = await sql.unsafe<{ hex: string }[]>(
    "select encode(key, 'hex') as hex from exposure where key = any($1::bytea[])",
    [keyArray(sets.flatMap(({ keys }) => keys))],
    { prepare: true },
  ).catch((error: unknown) => {
    throw storeFailure(error);
  });
  const seen = new Set(rows.map(({ hex }) => hex));
  return sets.filter(({ keys }) => {
    if (keys.some(({ hex }) => seen.has(hex))) return true;
    for (const { hex } of keys) seen.add(hex);
    return false;
  });
}

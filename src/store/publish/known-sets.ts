import type { Database } from "../database.ts";
import { knownKeys } from "../exposure/stored-keys.ts";
import { storeFailure } from "../failure.ts";
import type { KeysOfSet } from "./checked-set.ts";

/**
 * Those of some sets that cannot be inserted: a key of theirs is stored, or comes in a set before them. Throws as
 * {@link storeFailure} says.
 */
export async function knownSets<T extends KeysOfSet>(
  sql: Database["sql"],
  sets: readonly T[],
): Promise<readonly T[]> {
  const known = await knownKeys(sql, sets.flatMap(({ keys }) => keys)).catch((error: unknown) => {
    throw storeFailure(error);
  });
  const seen = new Set(known);
  return sets.filter(({ keys }) => {
    if (keys.some(({ hex }) => seen.has(hex))) return true;
    for (const { hex } of keys) seen.add(hex);
    return false;
  });
}

import type { Database } from "../database.ts";
import { storeFailure } from "../failure.ts";
import type { Sql, Transaction } from "../sql.ts";

/** An attestation that a publish uses up. */
export type UsedToken = {
  /** Keyed hash of what the vendor signed, in lower-case hex. */
  readonly hash: string;
  /** Until when it is remembered, UTC seconds: a full hour. */
  readonly expiresOn: number;
};

/** Attestations that were used. Publishing adds to them, in its own transaction. */
export type UsedTokens = {
  /** Whether one was used before. Throws `database_unavailable`. */
  has(hash: string): Promise<boolean>;
  /** Forgets at most `limit` that expired at or before a second; answers how many. */
  deleteExpired(second: number, limit: number): Promise<number>;
};

/** Used attestations in the database. */
export function usedTokens({ sql, bulk }: Database): UsedTokens {
  return {
    has: async (hash) => {
      try {
        return await isUsed(sql, hash);
      } catch (error) {
        throw storeFailure(error);
      }
    },
    deleteExpired: async (second, limit) => {
      const gone = await bulk`
        delete from attest_used where hash in (
          select hash from attest_used where expires_on <= ${second}
          order by expires_on limit ${limit} for update skip locked)`;
      return gone.count;
    },
  };
}

/** Adds used attestations; fails with a unique violation when one was used before. Parameters: {@link usedParameters}. */
export function insertUsedSql(first: number): string {
  return `insert into attest_used (hash, expires_on)
    select * from unnest($${first}::bytea[], $${first + 1}::bigint[]) as used(hash, expires_on)
    order by used.hash`;
}

/** The two parameters of {@link insertUsedSql}. */
export function usedParameters(used: readonly UsedToken[]): readonly [string, string] {
  return [
    `{${used.map(({ hash }) => `"\\\\x${hash}"`).join(",")}}`,
    `{${used.map(({ expiresOn }) => expiresOn).join(",")}}`,
  ];
}

/** Whether one was used before. */
export async function isUsed(sql: Sql | Transaction, hash: string): Promise<boolean> {
  const found = await sql`select from attest_used where hash = decode(${hash}, 'hex')`;
  return found.count > 0;
}

/** Adds one within a transaction; false when it was used before. */
export async function useToken(transaction: Transaction, used: UsedToken): Promise<boolean> {
  const done = await transaction.unsafe(
    `${insertUsedSql(1)} on conflict do nothing`,
    [...usedParameters([used])],
    { prepare: true },
  );
  return done.count === 1;
}

import { Buffer } from "node:buffer";
import type { Database } from "../database.ts";
import { storeFailure } from "../failure.ts";
import { type UsedToken, useToken } from "./used-token.ts";

/** A registered key of App Attest, as it is stored. */
export type AttestedKeyRow = {
  /** Keyed hash of the health authority and the key's ID, 32 bytes. */
  readonly id: Uint8Array;
  /** The public key, sealed. */
  readonly publicKey: Uint8Array;
  /** A full day, UTC seconds. */
  readonly expiresOn: number;
};

/** Registered keys. Requests get `database_unavailable` thrown when the database cannot be reached. */
export type AttestedKeys = {
  /**
   * Adds a key with the counter 0, and uses up the challenge that it answers, in one transaction; false, and nothing is
   * stored, when either was there before.
   */
  add(key: AttestedKeyRow, challenge: UsedToken): Promise<boolean>;
  /** The sealed public key of one that has not expired at a second. */
  find(id: Uint8Array, second: number): Promise<Uint8Array | undefined>;
  /** Raises the counter, in one statement; false when it is not greater than the stored one. */
  raiseCounter(id: Uint8Array, counter: number): Promise<boolean>;
  /** Forgets at most `limit` that expired at or before a second; answers how many. */
  deleteExpired(second: number, limit: number): Promise<number>;
};

/** Ends the transaction of a key or challenge that is known. */
class KnownBefore extends Error {}

/** Registered keys in the database. */
export function attestedKeys({ sql, bulk }: Database): AttestedKeys {
  return {
    add: async ({ id, publicKey, expiresOn }, challenge) => {
      try {
        await sql.begin(async (transaction) => {
          const done = await transaction`
            insert into attest_key (id, public_key, counter, expires_on)
            values (${Buffer.from(id)}, ${Buffer.from(publicKey)}, 0, ${expiresOn})
            on conflict do nothing`;
          if (done.count !== 1 || !await useToken(transaction, challenge)) throw new KnownBefore();
        });
        return true;
      } catch (error) {
        if (error instanceof KnownBefore) return false;
        throw storeFailure(error);
      }
    },
    find: async (id, second) => {
      const [row] = await sql<{ publicKey: Uint8Array }[]>`
        select public_key as "publicKey" from attest_key
        where id = ${Buffer.from(id)} and expires_on > ${second}`.catch(failed);
      return row?.publicKey;
    },
    raiseCounter: async (id, counter) => {
      const done = await sql`
        update attest_key set counter = ${counter}
        where id = ${Buffer.from(id)} and counter < ${counter}`.catch(failed);
      return done.count === 1;
    },
    deleteExpired: async (second, limit) => {
      const gone = await bulk`
        delete from attest_key where id in (
          select id from attest_key where expires_on <= ${second}
          order by expires_on limit ${limit} for update skip locked)`;
      return gone.count;
    },
  };
}

function failed(error: unknown): never {
  throw storeFailure(error);
}

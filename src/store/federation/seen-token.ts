import type { Database } from "../database.ts";

/** Tokens that were used: each works once. */
export type SeenTokens = {
  /** Whether nobody used it before; remembered until `expiresAt`, UTC seconds. */
  firstUse(issuer: string, jti: string, expiresAt: number): Promise<boolean>;
  /** Forgets those that have expired at `now`, UTC seconds, and answers how many. */
  forget(now: number): Promise<number>;
};

/** Used tokens in the database. */
export function seenTokens({ sql }: Database): SeenTokens {
  return {
    firstUse: async (issuer, jti, expiresAt) => {
      const done = await sql`
        insert into seen_token (issuer, jti, expires_at) values (${issuer}, ${jti}, ${expiresAt})
        on conflict do nothing`;
      return done.count === 1;
    },
    forget: async (now) => {
      const gone = await sql`delete from seen_token where expires_at < ${now}`;
      return gone.count;
    },
  };
}

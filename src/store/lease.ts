import type { Database } from "./database.ts";

/**
 * Named leases, by the database's clock. A lease is over at its expiry; one whose expiry is further away than
 * it could have been given (the clock was stepped back) is over too. All who take a name use the same length.
 */
export type Leases = {
  /**
   * Takes a lease that nobody holds, or takes back one of the same holder: whose connection was lost did not give it
   * back. So a holder must be one worker at a time.
   */
  take(name: string, holder: string, seconds: number): Promise<boolean>;
  /** Makes a lease last for `seconds` from now. False when it is no longer the holder's. */
  renew(name: string, holder: string, seconds: number): Promise<boolean>;
  /** Gives a lease back; does nothing when it is not the holder's. */
  release(name: string, holder: string): Promise<void>;
};

/** Leases in the database. */
export function leases({ bulk: sql }: Database): Leases {
  return {
    take: async (name, holder, seconds) => {
      const taken = await sql`
        insert into lease (name, holder, expires_at)
        values (${name}, ${holder}, wayfarer_now() + ${seconds}::bigint)
        on conflict (name) do update set holder = excluded.holder, expires_at = excluded.expires_at
        where lease.holder = excluded.holder
          or lease.expires_at <= wayfarer_now() or lease.expires_at > wayfarer_now() + ${seconds}::bigint`;
      return taken.count === 1;
    },
    renew: async (name, holder, seconds) => {
      const renewed = await sql`
        update lease set expires_at = wayfarer_now() + ${seconds}::bigint
        where name = ${name} and holder = ${holder}`;
      return renewed.count === 1;
    },
    release: async (name, holder) => {
      await sql`delete from lease where name = ${name} and holder = ${holder}`;
    },
  };
}

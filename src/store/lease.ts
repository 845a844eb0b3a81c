import type { Database } from "./database.ts";

/**
 * Named leases, by the database's clock. A lease ends at its expiry. It has also ended when its expiry is further away
 * than its length, because the clock was set back. All holders of a name use the same length.
 */
export type Leases = {
  /**
   * Takes a free lease, or takes back a lease of the same holder, who could not release it if the connection was lost.
   * So a holder must be one worker at a time.
   */
  take(name: string, holder: string, seconds: number): Promise<boolean>;
  /** Extends a lease to `seconds` from now. False when the holder no longer has it. */
  renew(name: string, holder: string, seconds: number): Promise<boolean>;
  /** Releases a lease; does nothing when the holder does not have it. */
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

import type { Database } from "../database.ts";

/** A key that signs our tokens towards peers. */
type FederationKey = {
  readonly reference: string;
  readonly kid: string;
  readonly publicKeyPem: string;
  /** UTC seconds. */
  readonly createdAt: number;
};

/** Which keys sign our tokens; the key manager has them. */
export type FederationKeys = {
  /** Oldest first. */
  list(): Promise<readonly FederationKey[]>;
  /** Adds it, unless one was made at or after a second: of several processes that make one, the first wins. */
  addUnlessSince(key: FederationKey, second: number): Promise<boolean>;
  remove(reference: string): Promise<void>;
};

/** Keys of our tokens, in the database. */
export function federationKeys({ sql }: Database): FederationKeys {
  return {
    list: () =>
      sql<FederationKey[]>`
        select reference, kid, public_key_pem as "publicKeyPem", created_at as "createdAt"
        from federation_key order by created_at, reference`,
    addUnlessSince: async ({ reference, kid, publicKeyPem, createdAt }, second) => {
      const done = await sql.begin(async (transaction) => {
        await transaction`lock table federation_key in share row exclusive mode`;
        const added = await transaction`
          insert into federation_key (reference, kid, public_key_pem, created_at)
          select ${reference}::text, ${kid}::text, ${publicKeyPem}::text, ${createdAt}::bigint
          where not exists (select from federation_key where created_at >= ${second}::bigint)
          on conflict do nothing
          returning reference`;
        return { added: added.length === 1 };
      });
      return done.added;
    },
    remove: async (reference) => {
      await sql`delete from federation_key where reference = ${reference}`;
    },
  };
}

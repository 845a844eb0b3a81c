import type { Database } from "./database.ts";

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
  add(key: FederationKey): Promise<void>;
  remove(reference: string): Promise<void>;
};

/** Keys of our tokens, in the database. */
export function federationKeys({ sql }: Database): FederationKeys {
  return {
    list: () =>
      sql<FederationKey[]>`
        select reference, kid, public_key_pem as "publicKeyPem", created_at as "createdAt"
        from federation_key order by created_at, reference`,
    add: async ({ reference, kid, publicKeyPem, createdAt }) => {
      await sql`
        insert into federation_key (reference, kid, public_key_pem, created_at)
        values (${reference}, ${kid}, ${publicKeyPem}, ${createdAt}) on conflict do nothing`;
    },
    remove: async (reference) => {
      await sql`delete from federation_key where reference = ${reference}`;
    },
  };
}

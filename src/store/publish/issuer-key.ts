import type { Database } from "../database.ts";

/** A public key that an issuer publishes at its URL. */
export type FetchedKey = {
  /** Name of the Issuer resource. */
  readonly issuer: string;
  /** `kid`. */
  readonly version: string;
  readonly publicKeyPem: string;
};

/** How the last fetch of an issuer's URL went. Times in UTC seconds. */
export type FetchState = {
  readonly issuer: string;
  readonly uri: string;
  readonly attemptedAt: number;
  /** Seconds since then, by the database's clock. */
  readonly ageSeconds: number;
  readonly succeededAt: number | undefined;
  /** Public text; absent when the last attempt succeeded. */
  readonly error: string | undefined;
  /** Attempts in a row that failed. */
  readonly failures: number;
  /** Members of the key set that were not understood when it was read last. */
  readonly ignored: number;
};

/** A key as operators see it. Times in UTC seconds. */
export type KeyStanding = {
  /** `kid`. */
  readonly version: string;
  readonly since: number;
  /** Absent while it counts. */
  readonly revoked: number | undefined;
};

/** The keys of a set that can sign certificates, and how many other members it has. */
export type ReadKeySet = {
  readonly keys: readonly { readonly version: string; readonly publicKeyPem: string }[];
  readonly ignored: number;
};

/** What a fetch changed. */
export type FetchedChange = { readonly added: number; readonly revoked: number };

/** Issuers' keys from their URLs. */
export type IssuerKeyStore = {
  /** Keys that are not revoked. */
  active(): Promise<readonly FetchedKey[]>;
  /** An issuer's keys, revoked ones too as long as they are remembered; the newest first. */
  standings(issuer: string): Promise<readonly KeyStanding[]>;
  /** Names the attempt that was noted last; it is another after each one. Undefined before the first. */
  lastAttempt(issuer: string): Promise<string | undefined>;
  /**
   * Makes these the issuer's keys: others are revoked, revoked ones that are back count again. Undefined, and nothing
   * changes, when another attempt was noted after `lastAttempt`: its keys may be newer than these.
   */
  replace(
    issuer: string,
    uri: string,
    set: ReadKeySet,
    lastAttempt: string | undefined,
  ): Promise<FetchedChange | undefined>;
  /** Notes a failure; keys stay as they are. */
  fail(issuer: string, uri: string, error: string): Promise<void>;
  /** Revokes the keys of issuers that are not in `issuers`, and forgets their fetches. */
  keepOnly(issuers: readonly string[]): Promise<number>;
  /** Deletes keys that were revoked at least so long ago. */
  purge(afterSeconds: number): Promise<number>;
  states(): Promise<readonly FetchState[]>;
};

/** Issuers' keys from their URLs, in the database. */
export function issuerKeyStore({ sql }: Database): IssuerKeyStore {
  return {
    active: async () =>
      await sql<FetchedKey[]>`
        select issuer, version, public_key_pem as "publicKeyPem"
        from issuer_key where revoked_at is null`,
    lastAttempt: async (issuer) => {
      const [row] = await sql<{ attempt: string }[]>`
        select xmin::text as attempt from issuer_key_fetch where issuer = ${issuer}`;
      return row?.attempt;
    },
    standings: async (issuer) => {
      type Row = { version: string; since: number; revoked: number | null };
      const rows = await sql<Row[]>`
        select version, added_at as since, revoked_at as revoked
        from issuer_key where issuer = ${issuer} order by added_at desc, version limit 200`;
      return rows.map(({ revoked, ...key }) => ({ ...key, revoked: revoked ?? undefined }));
    },
    replace: async (issuer, uri, { keys, ignored }, lastAttempt) => {
      const versions = sql.array(keys.map((key) => key.version));
      const pems = sql.array(keys.map((key) => key.publicKeyPem));
      const [row] = await sql<(FetchedChange & { noted: boolean })[]>`
        with noted as (
          insert into issuer_key_fetch as known (issuer, uri, attempted_at, succeeded_at, ignored)
          values (${issuer}, ${uri}, wayfarer_now(), wayfarer_now(), ${ignored})
          on conflict (issuer) do update
            set uri = excluded.uri, attempted_at = excluded.attempted_at,
                succeeded_at = excluded.succeeded_at, error = null, failures = 0,
                ignored = excluded.ignored
            where known.xmin::text = ${lastAttempt ?? ""}
          returning 1
        ), sent as (
          select sent.* from noted, unnest(${versions}::text[], ${pems}::text[]) as sent(version, pem)
        ), gone as (
          update issuer_key set revoked_at = wayfarer_now() from noted
          where issuer = ${issuer} and revoked_at is null
            and version not in (select version from sent)
          returning 1
        ), written as (
          insert into issuer_key as known (issuer, version, public_key_pem, added_at)
          select ${issuer}, version, pem, wayfarer_now() from sent
          on conflict (issuer, version) do update
            set public_key_pem = excluded.public_key_pem, revoked_at = null,
                added_at = excluded.added_at
            where known.revoked_at is not null or known.public_key_pem <> excluded.public_key_pem
          returning 1
        )
        select exists (select from noted) as noted,
               (select count(*) from written)::int as added, (select count(*) from gone)::int as revoked`;
      if (row?.noted !== true) return undefined;
      return { added: row.added, revoked: row.revoked };
    },
    fail: async (issuer, uri, error) => {
      await sql`
        insert into issuer_key_fetch as known (issuer, uri, attempted_at, error, failures)
        values (${issuer}, ${uri}, wayfarer_now(), ${error}, 1)
        on conflict (issuer) do update
          set uri = excluded.uri, attempted_at = excluded.attempted_at, error = excluded.error,
              failures = known.failures + 1`;
    },
    keepOnly: async (issuers) => {
      const names = sql.array([...issuers]);
      const done = await sql`
        update issuer_key set revoked_at = wayfarer_now()
        where revoked_at is null and issuer <> all(${names}::text[])`;
      await sql`delete from issuer_key_fetch where issuer <> all(${names}::text[])`;
      return done.count;
    },
    purge: async (afterSeconds) => {
      const done = await sql`
        delete from issuer_key where revoked_at <= wayfarer_now() - ${afterSeconds}::bigint`;
      return done.count;
    },
    states: async () => {
      type Row = {
        issuer: string;
        uri: string;
        attempted: number;
        age: number;
        succeeded: number | null;
        error: string | null;
        failures: number;
        ignored: number;
      };
      const rows = await sql<Row[]>`
        select issuer, uri, attempted_at as attempted,
               wayfarer_now() - attempted_at as age, succeeded_at as succeeded, error,
               failures, ignored
        from issuer_key_fetch order by issuer`;
      return rows.map(({ attempted, age, succeeded, error, ...row }) => ({
        ...row,
        attemptedAt: attempted,
        ageSeconds: age,
        succeededAt: succeeded ?? undefined,
        error: error ?? undefined,
      }));
    },
  };
}

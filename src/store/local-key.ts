import { Buffer } from "node:buffer";
import type { KeyPurpose } from "../keys/key-manager.ts";
import type { LocalKeyRows } from "../keys/local.ts";
import type { LocalKeyRow } from "../keys/local-wrap.ts";
import type { MasterKeyRow, MasterKeyRows } from "../keys/master-keys.ts";
import type { RewrapRows } from "../keys/rewrap.ts";
import type { Database } from "./database.ts";

type Row = {
  name: string;
  version: number;
  purpose: KeyPurpose;
  createdAt: number;
  wrapped: Uint8Array;
  master: string | null;
};

const asLocalKey = ({ master, ...row }: Row): LocalKeyRow => ({
  ...row,
  master: master ?? undefined,
});

const asBuffer = ({ buffer, byteOffset, byteLength }: Uint8Array): Buffer =>
  Buffer.from(buffer, byteOffset, byteLength);

/** Wrapped keys of `local:` references, and the master keys that wrap them. */
export type LocalKeyStore = LocalKeyRows & MasterKeyRows & RewrapRows & {
  /** Whether the first master key wraps a key or may wrap the next one. */
  needFirstMaster(): Promise<boolean>;
};

/** Both in the database. */
export function localKeyRows({ sql }: Database): LocalKeyStore {
  return {
    versions: async (name) => {
      const rows = await sql<Row[]>`
        select name, version, purpose, created_at as "createdAt", wrapped, master from local_key
        where name = ${name} order by version`;
      return rows.map(asLocalKey);
    },
    insert: async (row) => {
      const done = await sql`
        insert into local_key (name, version, purpose, wrapped, created_at, master)
        select ${row.name}::text, ${row.version}::int, ${row.purpose}::text, ${row.wrapped}::bytea,
          ${row.createdAt}::bigint, ${row.master ?? null}::text
        where ${row.master ?? null}::text is not distinct from
          (select id from master_key order by ordinal desc limit 1)
        on conflict do nothing`;
      return done.count === 1;
    },
    delete: async (name, version) => {
      const done = await sql`delete from local_key where name = ${name} and version = ${version}`;
      return done.count === 1;
    },
    list: async () =>
      await sql<
        MasterKeyRow[]
      >`select id, reference, wrapped from master_key order by ordinal desc`,
    addMaster: async ({ id, reference, wrapped }) => {
      await sql.begin(async (transaction) => {
        // Waits for transactions that are storing a key under the previous master key.
        await transaction`lock table local_key in share row exclusive mode`;
        await transaction`
          insert into master_key (id, reference, wrapped) values (${id}, ${reference}, ${wrapped})`;
      });
    },
    wrappedByOthers: async (master, limit) => {
      const rows = await sql<Row[]>`
        select name, version, purpose, created_at as "createdAt", wrapped, master from local_key
        where master is distinct from ${master}::text order by name, version limit ${limit}`;
      return rows.map(asLocalKey);
    },
    replace: async (rewrapped, master) => {
      const rows = rewrapped.map(({ row }) => row);
      const done = await sql`
        update local_key set wrapped = new.wrapped, master = ${master}
        from unnest(
          ${rows.map(({ name }) => name)}::text[],
          ${rows.map(({ version }) => version)}::int[],
          ${sql.array(rows.map((row) => asBuffer(row.wrapped)))}::bytea[],
          ${sql.array(rewrapped.map((one) => asBuffer(one.wrapped)))}::bytea[]
        ) as new (name, version, old, wrapped)
        where local_key.name = new.name and local_key.version = new.version
          and local_key.wrapped = new.old`;
      return done.count;
    },
    needFirstMaster: async () => {
      const [row] = await sql<{ need: boolean }[]>`
        select exists (select from local_key where master is null)
          or not exists (select from master_key) as need`;
      return row?.need !== false;
    },
  };
}

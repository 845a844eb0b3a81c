import type { KeyPurpose } from "../keys/key-manager.ts";
import type { LocalKeyRows } from "../keys/local.ts";
import type { Database } from "./database.ts";

type Row = {
  name: string;
  version: number;
  purpose: KeyPurpose;
  created_at: number;
  wrapped: Uint8Array;
};

/** Wrapped keys of `local:` references. */
export function localKeyRows({ sql }: Database): LocalKeyRows {
  return {
    list: async (name) => {
      const rows = await sql<Row[]>`
        select name, version, purpose, created_at, wrapped from local_key
        where name = ${name} order by version`;
      return rows.map(({ created_at, ...row }) => ({ ...row, createdAt: created_at }));
    },
    insert: async (row) => {
      const done = await sql`
        insert into local_key (name, version, purpose, wrapped, created_at)
        values (${row.name}, ${row.version}, ${row.purpose}, ${row.wrapped}, ${row.createdAt})
        on conflict do nothing`;
      return done.count === 1;
    },
    delete: async (name, version) => {
      const done = await sql`delete from local_key where name = ${name} and version = ${version}`;
      return done.count === 1;
    },
  };
}

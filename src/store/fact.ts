import type { Database } from "./database.ts";

/** Facts about a database that never change once they are told. */
export type Facts = {
  get(name: string): Promise<string | undefined>;
  /** Keeps the first value told; answers the one that is kept. */
  keep(name: string, value: string): Promise<string>;
};

/** The facts of a database. */
export function facts({ sql }: Database): Facts {
  const get = async (name: string): Promise<string | undefined> => {
    const [row] = await sql<{ value: string }[]>`select value from fact where name = ${name}`;
    return row?.value;
  };
  return {
    get,
    keep: async (name, value) => {
      await sql`insert into fact (name, value) values (${name}, ${value}) on conflict do nothing`;
      return await get(name) ?? value;
    },
  };
}

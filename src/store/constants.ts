import type { Database } from "./database.ts";

/** Named values that a database keeps permanently, such as the fingerprint of its master key. */
export type Constants = {
  get(name: string): Promise<string | undefined>;
  /** Stores the value unless the name already has one. Returns the stored value. */
  keep(name: string, value: string): Promise<string>;
};

/** The constants of a database, in its table `fact`. */
export function constants({ sql }: Database): Constants {
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

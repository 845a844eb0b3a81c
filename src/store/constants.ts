import type { Database } from "./database.ts";

/** Named values that a database keeps for good, such as the fingerprint of its master key. */
export type Constants = {
  get(name: string): Promise<string | undefined>;
  /** Keeps the value unless the name has one already; answers the one that is kept. */
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

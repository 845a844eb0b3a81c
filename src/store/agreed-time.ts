import { asSeconds, type Seconds } from "../model/ids.ts";
import { type Clocks, clocksApart } from "./clocks.ts";
import type { Database } from "./database.ts";

/** Returns the database's time in UTC seconds; throws `clocks_apart` unless all clocks agree. */
export type AgreedTime = () => Promise<Seconds>;

/** Reads and compares the database's clock. Work that deletes or releases keys starts with this. */
export function agreedTime({ bulk }: Database, clocks: Clocks): AgreedTime {
  return async () => {
    const judge = clocks.compare();
    const [row] = await bulk<{ now: number }[]>`select wayfarer_now() as now`;
    const now = row?.now ?? 0;
    const fault = judge(now);
    if (fault !== undefined) throw clocksApart(fault);
    return asSeconds(now);
  };
}

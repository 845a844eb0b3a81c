import type { Database } from "../database.ts";

/** What is known of a gateway that we are a client of. */
export type GatewayState = {
  /** Seconds since our subscription was last looked at. */
  checked(peer: string): Promise<{ readonly secondsAgo: number } | undefined>;
  noteChecked(peer: string): Promise<void>;
  /** Notes a call of the gateway and makes the next pull due. */
  wake(peer: string, tag: string): Promise<void>;
};

/** What is known of gateways, in the database. */
export function gatewayState({ sql }: Database): GatewayState {
  return {
    checked: async (peer) => {
      const [row] = await sql<{ seconds_ago: number }[]>`
        select wayfarer_now() - callback_checked_at as seconds_ago from efgs_gateway
        where peer = ${peer} and callback_checked_at is not null`;
      return row === undefined ? undefined : { secondsAgo: row.seconds_ago };
    },
    noteChecked: async (peer) => {
      await sql`
        insert into efgs_gateway (peer, callback_checked_at) values (${peer}, wayfarer_now())
        on conflict (peer) do update set callback_checked_at = excluded.callback_checked_at`;
    },
    wake: async (peer, tag) => {
      await sql`
        insert into efgs_gateway (peer, called_at, called_tag) values (${peer}, wayfarer_now(), ${tag})
        on conflict (peer) do update
        set called_at = excluded.called_at, called_tag = excluded.called_tag`;
      await sql`
        update peer_state set next_try_at = least(next_try_at, wayfarer_now())
        where peer = ${peer} and direction = 'pull' and state = 'ok'`;
    },
  };
}

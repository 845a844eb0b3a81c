import type { Direction, PlaceInFeed, SyncState, SyncStatus } from "../../model/peer-sync.ts";
import type { Database } from "../database.ts";

/** How a direction came out. Seconds from now, where a time is meant. */
export type SyncOutcome = {
  readonly state: SyncState;
  readonly nextTryInSeconds: number;
  /** Present when it failed. */
  readonly error?: string;
  /** It came further before it failed: failures in a row are counted from here. */
  readonly progressed?: boolean;
  readonly lagSeconds?: number;
  readonly lagKeys?: number;
};

/** What is known of peers: places in feeds, and how each direction stands. */
export type FederationPeers = {
  place(peer: string, direction: Direction): Promise<PlaceInFeed | undefined>;
  /** Forgets the place and what was pulled, so that everything is read again. */
  restart(peer: string): Promise<void>;
  /** Notes that something is missing and read again. */
  noteRepair(peer: string): Promise<void>;
  /** Notes how a direction came out. */
  note(peer: string, direction: Direction, outcome: SyncOutcome): Promise<void>;
  /** Notes a comparison of digests. */
  noteComparison(peer: string, same: boolean): Promise<void>;
  /** All that is known, with the database's time. */
  statuses(): Promise<{
    readonly now: number;
    readonly statuses:
      readonly (SyncStatus & { readonly peer: string; readonly direction: Direction })[];
  }>;
  /** Forgets digests of days (since 1970-01-01) before that one, and answers how many. */
  forgetDigests(beforeDay: number): Promise<number>;
  /** Forgets all about peers that are no more, and answers how many rows. */
  forgetOthers(peers: readonly string[]): Promise<number>;
};

type PlaceRow = {
  filters: string;
  key_timestamp: number;
  key_token: string;
  revised_timestamp: number;
  revised_token: string;
  version: number;
};

type StatusRow = {
  peer: string;
  direction: Direction;
  state: SyncState;
  state_since: number;
  tried_at: number;
  succeeded_at: number | null;
  next_try_at: number;
  next_window: number | null;
  failures: number;
  error: string | null;
  lag_seconds: number | null;
  lag_keys: number | null;
  in_sync_since: number | null;
  compared_at: number | null;
  repaired_at: number | null;
};

const MAX_ERROR_CHARACTERS = 1024;

/** What is known of peers, in the database. */
export function federationPeers({ bulk: sql }: Database): FederationPeers {
  return {
    place: async (peer, direction) => {
      const [row] = await sql<PlaceRow[]>`
        select filters, key_timestamp, key_token, revised_timestamp, revised_token, version
        from peer_cursor where peer = ${peer} and direction = ${direction}`;
      return row === undefined ? undefined : {
        filters: row.filters,
        version: row.version,
        cursors: {
          keys: { timestamp: row.key_timestamp, nextToken: row.key_token },
          revised: { timestamp: row.revised_timestamp, nextToken: row.revised_token },
        },
      };
    },
    restart: (peer) =>
      sql.begin(async (transaction) => {
        await transaction`
          update peer_cursor set filters = '', version = version + 1
          where peer = ${peer} and direction = 'pull'`;
        await transaction`delete from peer_digest where peer = ${peer}`;
        await transaction`
          update peer_state set in_sync_since = null where peer = ${peer} and direction = 'pull'`;
      }).then(() => undefined),
    noteRepair: async (peer) => {
      await sql`
        update peer_state set in_sync_since = null, repaired_at = wayfarer_now()
        where peer = ${peer} and direction = 'pull'`;
    },
    note: async (peer, direction, outcome) => {
      const failed = outcome.error !== undefined;
      const error = outcome.error?.slice(0, MAX_ERROR_CHARACTERS) ?? null;
      await sql`
        insert into peer_state (peer, direction, state, state_since, tried_at, succeeded_at,
                                next_try_at, failures, error, lag_seconds, lag_keys)
        values (${peer}, ${direction}, ${outcome.state}, wayfarer_now(), wayfarer_now(),
                case when ${failed} then null else wayfarer_now() end,
                wayfarer_now() + ${outcome.nextTryInSeconds}::bigint, ${failed ? 1 : 0}, ${error},
                ${outcome.lagSeconds ?? null}, ${outcome.lagKeys ?? null})
        on conflict (peer, direction) do update
        set state = excluded.state, tried_at = excluded.tried_at, next_try_at = excluded.next_try_at,
            state_since = case when peer_state.state = excluded.state then peer_state.state_since
                               else excluded.state_since end,
            succeeded_at = coalesce(excluded.succeeded_at, peer_state.succeeded_at),
            failures = case when not ${failed} then 0 when ${outcome.progressed ?? false} then 1
                            else peer_state.failures + 1 end,
            error = excluded.error, lag_seconds = excluded.lag_seconds, lag_keys = excluded.lag_keys`;
    },
    noteComparison: async (peer, same) => {
      await sql`
        update peer_state
        set compared_at = wayfarer_now(),
            in_sync_since = case when ${same} then coalesce(in_sync_since, wayfarer_now()) end
        where peer = ${peer} and direction = 'pull'`;
    },
    statuses: async () => {
      const rows = await sql<(StatusRow & { now: number })[]>`
        select peer_state.*, least(key_timestamp, revised_timestamp) as next_window,
               wayfarer_now() as now
        from (select 1) as one left join peer_state on true
        left join peer_cursor using (peer, direction) order by peer, direction`;
      return {
        now: rows[0]?.now ?? 0,
        statuses: rows.filter((row) => row.peer !== null).map(syncStatus),
      };
    },
    forgetDigests: async (beforeDay) =>
      (await sql`delete from peer_digest where day < ${beforeDay}`).count,
    forgetOthers: async (peers) => {
      const gone = await sql`
        with cursors as (delete from peer_cursor where peer <> all(${[
        ...peers,
      ]}::text[]) returning 1),
             digests as (delete from peer_digest where peer <> all(${[
        ...peers,
      ]}::text[]) returning 1),
             states as (delete from peer_state where peer <> all(${[...peers]}::text[]) returning 1)
        select * from cursors union all select * from digests union all select * from states`;
      return gone.count;
    },
  };
}

function syncStatus(row: StatusRow) {
  const given = <Name extends string>(name: Name, value: number | string | null) =>
    value === null ? {} : { [name]: value };
  return {
    peer: row.peer,
    direction: row.direction,
    state: row.state,
    stateSince: row.state_since,
    triedAt: row.tried_at,
    nextTryAt: row.next_try_at,
    failures: row.failures,
    ...given("nextWindow", row.next_window),
    ...given("succeededAt", row.succeeded_at),
    ...given("error", row.error),
    ...given("lagSeconds", row.lag_seconds),
    ...given("lagKeys", row.lag_keys),
    ...given("inSyncSince", row.in_sync_since),
    ...given("comparedAt", row.compared_at),
    ...given("repairedAt", row.repaired_at),
  };
}

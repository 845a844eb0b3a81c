import { databaseSettings, type TestDatabase } from "../support/database.ts";
import {
  freePort,
  type Program,
  runProgram,
  startProgram,
  temporaryFolder,
} from "../support/program.ts";
import { startTcpProxy, type TcpProxy } from "../support/tcp-proxy.ts";

/** A server in a process of its own, and its way to the world, which the test owns. */
export type RealServer = {
  readonly name: string;
  /** Its server ID: where its peers reach it. */
  readonly id: string;
  /** Where its phones reach it, whatever the weather. */
  readonly url: string;
  readonly way: TcpProxy;
  readonly database: TestDatabase;
  start(): Promise<void>;
  /** SIGKILL; resolves when the process is gone, and the leases that it held are over. */
  kill(): Promise<void>;
  /** Lets the minute pass after which leases end whose holder is silent. */
  endLeases(): Promise<void>;
  /** Its process, while it runs. */
  pid(): number | undefined;
  /** Runs a command with its settings to the end, and answers what it said. */
  run(...args: string[]): Promise<string>;
  /** Makes resources with `wayfarer apply`. */
  apply(resources: readonly object[]): Promise<void>;
};

/** Windows of a second, jobs that look often. */
const QUICK = {
  TRUNCATE_WINDOW: "1s",
  WINDOW_GRACE: "1s",
  JOB_INTERVAL: "200ms",
  PEER_ALLOW_PRIVATE: "true",
  LOG_LEVEL: "error",
};

/** A server on a database, not started yet; ended with the test at the latest. */
export async function realServer(name: string, database: TestDatabase): Promise<RealServer> {
  const port = await freePort();
  const way = await startTcpProxy(port);
  const settings = {
    ...QUICK,
    ...databaseSettings(database.address),
    DATA_DIR: await temporaryFolder(),
    PORT: String(port),
    PUBLIC_URL: way.url,
  };
  let program: Program | undefined;
  const command = async (args: readonly string[], input?: string): Promise<string> => {
    const { status, out, err } = await runProgram(args, settings, input);
    if (status !== 0) throw new Error(`wayfarer ${args.join(" ")}: ${err}`);
    return out;
  };
  const endLeases = async (): Promise<void> => {
    await database.bulk`update lease set expires_at = 0`;
  };
  return {
    name,
    id: way.url,
    url: `http://127.0.0.1:${port}`,
    way,
    database,
    start: async () => {
      program = startProgram(["serve"], settings);
      await program.line(/Wayfarer serves on/);
    },
    kill: async () => {
      program?.signal("SIGKILL");
      await program?.finished();
      await endLeases();
    },
    endLeases,
    pid: () => program?.pid,
    run: (...args) => command(args),
    apply: async (resources) => {
      await command(["apply", "-"], resources.map((one) => JSON.stringify(one)).join("\n---\n"));
    },
  };
}

/**
 * Whether each server has read, by pull, and handed over, by push, all that each other one of them shows: both by
 * themselves, so that neither hides what the other left out.
 */
export async function atRest(servers: readonly RealServer[]): Promise<boolean> {
  const known = await Promise.all(servers.map(async ({ name, database: { bulk } }) => {
    const [last] = await bulk<{ at: number }[]>`
      select coalesce(max(greatest(created_at, revised_at)), 0) as at
      from exposure where created_at <= wayfarer_now()`;
    const places = await bulk<Place[]>`
      select peer, direction, least(key_timestamp, revised_timestamp) as at
      from peer_cursor join peer_state using (peer, direction) where state = 'ok'`;
    return { name, last: last?.at ?? 0, places };
  }));
  return known.every((one) =>
    known.filter((other) => other !== one).every((other) =>
      isPast(one.places, other.name, "pull", other.last) &&
      isPast(one.places, other.name, "push", one.last)
    )
  );
}

type Place = { readonly peer: string; readonly direction: string; readonly at: number };

const isPast = (places: readonly Place[], peer: string, direction: string, last: number): boolean =>
  places.some((one) => one.peer === peer && one.direction === direction && one.at > last);

/** How a server stands with its peers, to be shown when a test waits in vain. */
export async function standingOf({ name, database }: RealServer): Promise<string> {
  const rows = await database.bulk`
    select peer, direction, state, failures, error, next_try_at - wayfarer_now() as next_try,
           least(key_timestamp, revised_timestamp) - wayfarer_now() as place, version, holder is not null as held
    from peer_state left join peer_cursor using (peer, direction)
      left join lease on lease.name = direction || ':' || peer and expires_at > wayfarer_now()`;
  return rows.map((row) => `${name}: ${JSON.stringify(row)}`).join("\n");
}

/** Asks ten times a second until the answer is true; rejects when it is not in time. */
export async function until(
  what: string,
  milliseconds: number,
  holds: () => Promise<boolean>,
  standings: readonly RealServer[] = [],
): Promise<void> {
  const end = performance.now() + milliseconds;
  while (!await holds()) {
    if (performance.now() > end) {
      const shown = await Promise.all(standings.map(standingOf));
      throw new Error([`not within ${milliseconds} ms: ${what}`, ...shown].join("\n"));
    }
    await new Promise((later) => setTimeout(later, 100));
  }
}

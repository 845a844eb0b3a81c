import postgres from "postgres";
import { AppError } from "../errors.ts";
import {
  type DatabaseHost,
  type DatabaseUrl,
  type SessionAttributes,
  urlOfHost,
} from "./database-url.ts";

/** The state that a server reports. */
type ServerState = { readonly standby: boolean; readonly readOnly: boolean };

const FITS: Readonly<Record<SessionAttributes, (state: ServerState) => boolean>> = {
  any: () => true,
  "read-write": ({ standby, readOnly }) => !standby && !readOnly,
  "read-only": ({ standby, readOnly }) => standby || readOnly,
  primary: ({ standby }) => !standby,
  standby: ({ standby }) => standby,
  "prefer-standby": ({ standby }) => standby,
};

/** Time limit for querying one server, in seconds; all are queried at once. */
const ASK_SECONDS = 2;
/** How long a choice is reused, so that connections opened at the same time go to the same server. */
const HOLDS_MS = 1000;

/**
 * Chooses the first suitable server. (The driver's own choice retries the same servers forever and treats a hot standby
 * as writable.) Rejects with `database_unavailable` when none is suitable, after at most two seconds. `elapsedMs` is a
 * monotonic clock; `password` replaces the one in the URL.
 */
export function hostChoice(
  url: DatabaseUrl,
  elapsedMs: () => number,
  password?: () => Promise<string>,
): () => Promise<DatabaseHost> {
  let chosen: Promise<DatabaseHost> | undefined;
  let chosenAt = -Infinity;
  return () => {
    if (chosen === undefined || elapsedMs() - chosenAt > HOLDS_MS) {
      chosenAt = elapsedMs();
      chosen = choose(url, password);
    }
    return chosen;
  };
}

async function choose(
  url: DatabaseUrl,
  password: (() => Promise<string>) | undefined,
): Promise<DatabaseHost> {
  const states = await Promise.all(
    url.hosts.map(async (host) => ({ host, state: await stateOf(urlOfHost(url, host), password) })),
  );
  const alive = states.flatMap(({ host, state }) => state === undefined ? [] : [{ host, state }]);
  const fits = alive.find(({ state }) => FITS[url.session](state));
  const found = fits ?? (url.session === "prefer-standby" ? alive[0] : undefined);
  if (found !== undefined) return found.host;
  throw new AppError(
    "database_unavailable",
    alive.length === 0
      ? "no server of DATABASE_URL answers"
      : `of the servers of DATABASE_URL that answer, none matches target_session_attrs=${url.session}`,
  );
}

/** The state of a server; undefined when it does not answer. */
async function stateOf(
  url: string,
  password: (() => Promise<string>) | undefined,
): Promise<ServerState | undefined> {
  const sql = postgres(url, {
    max: 1,
    connect_timeout: ASK_SECONDS,
    prepare: false,
    fetch_types: false,
    backoff: () => 0,
    onnotice: () => {},
    connection: { application_name: "wayfarer" },
    ...(password === undefined ? {} : { password }),
  });
  const late = setTimeout(() => void sql.end({ timeout: 0 }), ASK_SECONDS * 1000);
  try {
    const [row] = await sql<{ standby: boolean; read_only: boolean }[]>`
      select pg_is_in_recovery() as standby, current_setting('transaction_read_only') = 'on' as read_only`;
    return row === undefined ? undefined : { standby: row.standby, readOnly: row.read_only };
  } catch {
    return undefined;
  } finally {
    clearTimeout(late);
    void sql.end({ timeout: 0 });
  }
}

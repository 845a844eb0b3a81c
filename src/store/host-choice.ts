import postgres from "postgres";
import { AppError } from "../errors.ts";
import {
  type DatabaseHost,
  type DatabaseUrl,
  type SessionAttributes,
  urlOfHost,
} from "./database-url.ts";

/** What a server says of itself. */
type ServerState = { readonly standby: boolean; readonly readOnly: boolean };

const FITS: Readonly<Record<SessionAttributes, (state: ServerState) => boolean>> = {
  any: () => true,
  "read-write": ({ standby, readOnly }) => !standby && !readOnly,
  "read-only": ({ standby, readOnly }) => standby || readOnly,
  primary: ({ standby }) => !standby,
  standby: ({ standby }) => standby,
  "prefer-standby": ({ standby }) => standby,
};

/** Bound on asking one server, in seconds; all are asked at once. */
const ASK_SECONDS = 2;
/** How long a choice holds: connections that are made at the same time go to the same server. */
const HOLDS_MS = 1000;

/**
 * Chooses the first server that fits. (The driver has a choice of its own, which tries the same servers for ever and takes
 * a hot stand-by for one that can be written.) Rejects with `database_unavailable` when none does, after two seconds at
 * most. `elapsedMs` only goes forward; `password` is asked for in place of the one in the URL.
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
      : `of the servers of DATABASE_URL that answer, none is what target_session_attrs=${url.session} asks for`,
  );
}

/** Undefined when it does not answer. */
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

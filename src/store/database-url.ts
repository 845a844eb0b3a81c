/** A server of a database URL. */
export type DatabaseHost = { readonly host: string; readonly port: number };

/** Which servers are acceptable: `target_session_attrs` of libpq (PostgreSQL manual, 34.1.2). */
export const SESSION_ATTRIBUTES = [
  "any",
  "read-write",
  "read-only",
  "primary",
  "standby",
  "prefer-standby",
] as const;
export type SessionAttributes = (typeof SESSION_ATTRIBUTES)[number];

/** The parts of a database URL. */
export type DatabaseUrl = {
  /** For the driver: only the first server, without the parts below. */
  readonly url: string;
  /** In the order of attempts; empty when the URL names none. */
  readonly hosts: readonly DatabaseHost[];
  readonly session: SessionAttributes;
  /** Whether there is a pooler in between that gives each transaction another connection (`prepare=false`). */
  readonly pooled: boolean;
};

const DEFAULT_PORT = 5432;
/** Scheme, user and password, servers, and the rest. */
const SHAPE = /^(postgres(?:ql)?:\/\/)([^@/?#]*@)?([^/?#]*)(.*)$/i;
const HOST = /^(\[[\da-f:.]+\]|[^:,[\]]*)(?::(\d{1,5}))?$/i;

/**
 * Parses a URL such as `postgres://user:password@a:5432,b:5432/wayfarer?target_session_attrs=read-write`. Undefined
 * when it is not a database URL.
 */
export function parseDatabaseUrl(text: string): DatabaseUrl | undefined {
  const [, scheme = "", login = "", servers = "", rest = ""] = SHAPE.exec(text) ?? [];
  if (scheme === "") return undefined;
  const hosts: DatabaseHost[] = [];
  for (const server of servers === "" ? [] : servers.split(",")) {
    const [, host, port] = HOST.exec(server) ?? [];
    if (host === undefined || host === "") return undefined;
    hosts.push({ host: decodeURIComponent(host), port: port ? Number(port) : DEFAULT_PORT });
  }
  const [first = ""] = servers.split(",");
  const single = `${scheme}${login}${first}${rest}`;
  if (!URL.canParse(single)) return undefined;
  const url = new URL(single);
  const wanted = url.searchParams.get("target_session_attrs") ?? "any";
  const session = SESSION_ATTRIBUTES.find((one) => one === wanted);
  if (session === undefined) return undefined;
  const pooled = url.searchParams.get("prepare") === "false";
  url.searchParams.delete("target_session_attrs");
  url.searchParams.delete("prepare");
  return { url: url.href, hosts, session, pooled };
}

/** The URL of one of its servers. */
export function urlOfHost({ url }: DatabaseUrl, { host, port }: DatabaseHost): string {
  const one = new URL(url);
  one.hostname = host;
  one.port = String(port);
  return one.href;
}

import type { AccessRole } from "../../model/actor.ts";
import type { Database } from "../database.ts";

/** A session ends this long after it began, whatever happens. */
export const SESSION_SECONDS: number = 12 * 3600;
/** And this long after it was last used. */
const IDLE_SECONDS: number = 30 * 60;
/** Use is noted at most this often, so that looking costs no write. */
const NOTED_EVERY_SECONDS = 60;

/** Who a session belongs to. */
export type SessionOwner = {
  readonly subject: string;
  readonly name: string;
  readonly role: AccessRole;
  /** `link`, or the issuer of the identity provider. */
  readonly provider: string;
  /** The identity provider's own session (`sid`), by which it ends ours. */
  readonly providerSession?: string;
};

/** A session that counts. Times are UTC seconds. */
export type StoredSession = SessionOwner & {
  readonly createdAt: number;
  readonly usedAt: number;
};

/** Which sessions to end. */
export type EndOf =
  | { readonly what: "one"; readonly idHash: Uint8Array }
  | { readonly what: "subject"; readonly subject: string }
  | { readonly what: "provider"; readonly provider: string; readonly session: string }
  | { readonly what: "all" };

/** Sessions of the console, each known by the SHA-256 of its id. */
export type AdminSessions = {
  /** Begins one. Those of the same subject with another role end. */
  begin(idHash: Uint8Array, owner: SessionOwner): Promise<void>;
  /** The session, if it still counts; notes that it was used. */
  use(idHash: Uint8Array): Promise<StoredSession | undefined>;
  /** Ends sessions; answers how many. */
  end(which: EndOf): Promise<number>;
  /** Those that count, newest first, at most 200. */
  list(): Promise<readonly StoredSession[]>;
  /** Deletes those that no longer count; answers how many. */
  forget(): Promise<number>;
};

type Row = Omit<StoredSession, "providerSession"> & { readonly providerSession: string | null };

/** Sessions in the database. */
export function adminSessions({ sql }: Database): AdminSessions {
  const counts = sql`created_at > wayfarer_now() - ${SESSION_SECONDS}::bigint
    and used_at > wayfarer_now() - ${IDLE_SECONDS}::bigint`;
  const columns = sql`subject, name, role, provider, provider_session as "providerSession",
    created_at as "createdAt", used_at as "usedAt"`;
  return {
    begin: (idHash, owner) =>
      sql.begin(async (transaction) => {
        await transaction`
          delete from admin_session where subject = ${owner.subject} and role <> ${owner.role}`;
        await transaction`
          insert into admin_session
            (id_hash, subject, name, role, provider, provider_session, created_at, used_at)
          values (${idHash}, ${owner.subject}, ${owner.name}, ${owner.role}, ${owner.provider},
                  ${owner.providerSession ?? null}, wayfarer_now(), wayfarer_now())`;
      }).then(() => undefined),
    use: async (idHash) => {
      const [row] = await sql<(Row & { now: number })[]>`
        select ${columns}, wayfarer_now() as now from admin_session
        where id_hash = ${idHash} and ${counts}`;
      if (row === undefined) return undefined;
      const { now, ...session } = row;
      if (now - session.usedAt >= NOTED_EVERY_SECONDS) {
        await sql`update admin_session set used_at = ${now} where id_hash = ${idHash}`;
      }
      return stored(session);
    },
    end: async (which) => {
      const one = which.what === "one"
        ? sql`id_hash = ${which.idHash}`
        : which.what === "subject"
        ? sql`subject = ${which.subject}`
        : which.what === "provider"
        ? sql`provider = ${which.provider} and provider_session = ${which.session}`
        : sql`true`;
      return (await sql`delete from admin_session where ${one}`).count;
    },
    list: async () => {
      const rows = await sql<Row[]>`
        select ${columns} from admin_session where ${counts} order by created_at desc limit 200`;
      return rows.map(stored);
    },
    forget: async () => (await sql`delete from admin_session where not (${counts})`).count,
  };
}

function stored({ providerSession, ...session }: Row): StoredSession {
  return { ...session, ...(providerSession === null ? {} : { providerSession }) };
}

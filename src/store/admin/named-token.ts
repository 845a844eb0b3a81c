import { type AccessRole, type Actor } from "../../model/actor.ts";
import type { Database } from "../database.ts";
import { insertAudit } from "./audit.ts";

/** A token of a program, without the token. Times are UTC seconds; absent: never. */
export type NamedToken = {
  readonly name: string;
  readonly role: AccessRole;
  readonly madeAt: number;
  readonly madeBy: string;
  readonly expiresAt?: number;
  readonly usedAt?: number;
  readonly revokedAt?: number;
};

/** Tokens of programs, known by their SHA-256. Every change is in the audit log. */
export type NamedTokens = {
  /** False when the name is taken. */
  create(
    actor: Actor,
    token: { readonly name: string; readonly hash: Uint8Array; readonly role: AccessRole },
    lifeSeconds: number | undefined,
  ): Promise<boolean>;
  /** The token, if it counts; notes the use once a minute. */
  use(hash: Uint8Array): Promise<{ readonly name: string; readonly role: AccessRole } | undefined>;
  list(): Promise<readonly NamedToken[]>;
  /** False when there is none of that name that counts. */
  revoke(actor: Actor, name: string): Promise<boolean>;
};

type Row = { readonly [Member in keyof NamedToken]-?: NamedToken[Member] | null } & {
  readonly name: string;
  readonly role: AccessRole;
  readonly madeAt: number;
  readonly madeBy: string;
};

/** Tokens in the database. */
export function namedTokens({ sql }: Database): NamedTokens {
  return {
    create: (actor, { name, hash, role }, lifeSeconds) =>
      sql.begin(async (transaction) => {
        const made = await transaction`
          insert into named_token (name, hash, role, made_at, made_by, expires_at)
          values (${name}, ${hash}, ${role}, wayfarer_now(), ${actor.name},
                  wayfarer_now() + ${lifeSeconds ?? null}::bigint)
          on conflict (name) do nothing`;
        if (made.count === 0) return false;
        await insertAudit(transaction, actor, [{
          action: "create",
          kind: "Token",
          name,
          after: { role, lifeSeconds: lifeSeconds ?? null },
        }]);
        return true;
      }),
    use: async (hash) => {
      const [row] = await sql<{ name: string; role: AccessRole; stale: boolean }[]>`
        select name, role, coalesce(used_at < wayfarer_now() - 60, true) as stale from named_token
        where hash = ${hash} and revoked_at is null
          and (expires_at is null or expires_at > wayfarer_now())`;
      if (row === undefined) return undefined;
      const { stale, ...token } = row;
      if (stale) await sql`update named_token set used_at = wayfarer_now() where hash = ${hash}`;
      return token;
    },
    list: async () => {
      const rows = await sql<Row[]>`
        select name, role, made_at as "madeAt", made_by as "madeBy", expires_at as "expiresAt",
               used_at as "usedAt", revoked_at as "revokedAt"
        from named_token order by revoked_at is not null, name limit 1000`;
      return rows.map(({ expiresAt, usedAt, revokedAt, ...row }) => ({
        ...row,
        ...(expiresAt === null ? {} : { expiresAt }),
        ...(usedAt === null ? {} : { usedAt }),
        ...(revokedAt === null ? {} : { revokedAt }),
      }));
    },
    revoke: (actor, name) =>
      sql.begin(async (transaction) => {
        const gone = await transaction`
          update named_token set revoked_at = wayfarer_now()
          where name = ${name} and revoked_at is null`;
        if (gone.count === 0) return false;
        await insertAudit(transaction, actor, [{ action: "revoke", kind: "Token", name }]);
        return true;
      }),
  };
}

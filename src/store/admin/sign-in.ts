import type { AccessRole } from "../../model/actor.ts";
import type { Database } from "../database.ts";

/** Who a one-time link signs in. */
export type LinkOwner = { readonly name: string; readonly role: AccessRole };

/** What became of a one-time link. */
export type LinkState = "good" | "used" | "expired" | "unknown";

/** A sign-in on its way to the identity provider and back. */
export type SignInAttempt = {
  readonly nonce: string;
  /** Of PKCE (RFC 7636). */
  readonly verifier: string;
  /** Path below this server. */
  readonly returnTo: string;
};

/** Ways into the console: one-time links and sign-ins at the identity provider, known by hashes. */
export type SignIns = {
  addLink(hash: Uint8Array, owner: LinkOwner, seconds: number): Promise<void>;
  /** Whether a link would work; it stays as it is. */
  look(hash: Uint8Array): Promise<{ readonly state: LinkState; readonly owner?: LinkOwner }>;
  /** Uses a link up: of two who try at once, one gets it. */
  takeLink(hash: Uint8Array): Promise<LinkOwner | undefined>;
  addAttempt(stateHash: Uint8Array, attempt: SignInAttempt, seconds: number): Promise<void>;
  takeAttempt(stateHash: Uint8Array): Promise<SignInAttempt | undefined>;
  /** Deletes what nobody can use any more; answers how many rows. */
  forget(): Promise<number>;
};

/** Used links are remembered that long, so that people learn why one does not work. */
const REMEMBERED_SECONDS = 86_400;

/** Ways in, in the database. */
export function signIns({ sql }: Database): SignIns {
  return {
    addLink: async (hash, { name, role }, seconds) => {
      await sql`insert into sign_in_link (hash, name, role, expires_at)
        values (${hash}, ${name}, ${role}, wayfarer_now() + ${seconds}::bigint)`;
    },
    look: async (hash) => {
      const [row] = await sql<(LinkOwner & { used: boolean; expired: boolean })[]>`
        select name, role, used_at is not null as used, expires_at <= wayfarer_now() as expired
        from sign_in_link where hash = ${hash}`;
      if (row === undefined) return { state: "unknown" };
      const { used, expired, ...owner } = row;
      return { state: used ? "used" : expired ? "expired" : "good", owner };
    },
    takeLink: async (hash) => {
      const [owner] = await sql<LinkOwner[]>`
        update sign_in_link set used_at = wayfarer_now()
        where hash = ${hash} and used_at is null and expires_at > wayfarer_now()
        returning name, role`;
      return owner;
    },
    addAttempt: async (stateHash, { nonce, verifier, returnTo }, seconds) => {
      await sql`insert into sign_in_attempt (state_hash, nonce, verifier, return_to, expires_at)
        values (${stateHash}, ${nonce}, ${verifier}, ${returnTo}, wayfarer_now() + ${seconds}::bigint)`;
    },
    takeAttempt: async (stateHash) => {
      const [row] = await sql<SignInAttempt[]>`
        delete from sign_in_attempt
        where state_hash = ${stateHash} and expires_at > wayfarer_now()
        returning nonce, verifier, return_to as "returnTo"`;
      return row;
    },
    forget: async () => {
      const links = await sql`delete from sign_in_link
        where expires_at < wayfarer_now() - ${REMEMBERED_SECONDS}::bigint`;
      const attempts = await sql`delete from sign_in_attempt where expires_at < wayfarer_now()`;
      return links.count + attempts.count;
    },
  };
}

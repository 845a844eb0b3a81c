import { accept, type Outcome, refuse } from "../errors.ts";
import type { AccessRole, Actor } from "../model/actor.ts";
import type { AuditLog } from "../store/admin/audit.ts";
import type { AdminSessions, SessionOwner } from "../store/admin/session.ts";
import type { LinkState, SignIns } from "../store/admin/sign-in.ts";
import { newSecret, secretHash } from "./secret.ts";

/** A one-time link works for ten minutes. */
const LINK_SECONDS = 600;

/** What signing in needs. */
export type SignInDependencies = {
  readonly signIns: SignIns;
  readonly sessions: AdminSessions;
  readonly audit: AuditLog;
  readonly crypto: Crypto;
};

/** Makes a one-time link and answers its secret part. */
export async function makeSignInLink(
  { signIns, audit, crypto }: Pick<SignInDependencies, "signIns" | "audit" | "crypto">,
  actor: Actor,
  { name, role }: { readonly name: string; readonly role: AccessRole },
): Promise<string> {
  const link = newSecret(crypto);
  await signIns.addLink(await secretHash(crypto, link), { name, role }, LINK_SECONDS);
  await audit.add(actor, [{ action: "create", kind: "SignInLink", name, after: { role } }]);
  return link;
}

/** The address of a one-time link below the console's URL. */
export function signInAddress(consoleUrl: string, link: string): string {
  return `${consoleUrl}/console/sign-in?link=${link}`;
}

/** Why a link that is not good does not sign in, and what to do. */
export const LINK_FAULTS: { readonly [State in Exclude<LinkState, "good">]: string } = {
  used: "This link was used already. A link works once: make another with `wayfarer admin login`.",
  expired:
    "This link has expired. A link works for 10 minutes: make another with `wayfarer admin login`.",
  unknown:
    "This link is not one of this server's, or it is more than a day old. Make another with `wayfarer admin login`.",
};

/** Uses a one-time link up and begins a session; answers the session's id. */
export async function signInByLink(
  deps: SignInDependencies,
  link: string,
  requestId: string,
): Promise<Outcome<string>> {
  const hash = await secretHash(deps.crypto, link);
  const owner = await deps.signIns.takeLink(hash);
  if (owner === undefined) {
    const { state } = await deps.signIns.look(hash);
    return refuse("unauthorized", LINK_FAULTS[state === "good" ? "used" : state]);
  }
  const { name, role } = owner;
  const session = { subject: `link:${name}`, name, role, provider: "link" };
  return accept(await beginSession(deps, session, requestId));
}

/** Begins a session of somebody who proved who they are; answers its id, which is kept nowhere. */
export async function beginSession(
  { sessions, audit, crypto }: Pick<SignInDependencies, "sessions" | "audit" | "crypto">,
  owner: SessionOwner,
  requestId: string,
): Promise<string> {
  const id = newSecret(crypto);
  await sessions.begin(await secretHash(crypto, id), owner);
  const { subject, name, role, provider } = owner;
  await audit.add({ subject, name, via: "console", requestId }, [
    { action: "sign-in", kind: "Session", name, detail: { role, provider } },
  ]);
  return id;
}

/** Ends every session of everybody; answers how many. */
export async function endAllSessions(
  { sessions, audit }: Pick<SignInDependencies, "sessions" | "audit">,
  actor: Actor,
): Promise<number> {
  const ended = await sessions.end({ what: "all" });
  await audit.add(actor, [{ action: "end-all", kind: "Session", name: "all", detail: { ended } }]);
  return ended;
}

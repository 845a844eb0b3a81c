/** Who acts, and how much they may do. */

/** What a person or program may do; each role may do all that the one before it may. */
export type AccessRole = "viewer" | "operator" | "admin";
/** Every role, the least powerful first. */
export const ACCESS_ROLES: readonly AccessRole[] = ["viewer", "operator", "admin"];

/** Where a change or a look came from. */
export type Channel = "api" | "cli" | "console";

/** Who acts, as the audit log names them. */
export type Actor = {
  /** Stable: the identity provider's subject, `token:NAME`, `link:NAME` or `cli:user@host`. */
  readonly subject: string;
  /** What people call them. */
  readonly name: string;
  readonly via: Channel;
  /** Of the HTTP request, as answers and the log name it. */
  readonly requestId?: string;
};

/** Somebody who proved who they are. */
export type Principal = { readonly actor: Actor; readonly role: AccessRole };

/** Whether a role is enough where `needed` is asked for. */
export function mayAct(role: AccessRole, needed: AccessRole): boolean {
  return ACCESS_ROLES.indexOf(role) >= ACCESS_ROLES.indexOf(needed);
}

/** Whether a text names a role. */
export function isAccessRole(text: string): text is AccessRole {
  return ACCESS_ROLES.some((role) => role === text);
}

import { accept, type Outcome, refuse } from "../errors.ts";
import type { AccessRole, Actor } from "../model/actor.ts";
import type { NamedTokens } from "../store/admin/named-token.ts";
import { newSecret, secretHash } from "./secret.ts";

/** Tokens begin with it, so that scanners for leaked secrets find them. */
export const TOKEN_PREFIX = "wayfarer_";

const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
const MAX_LIFE_SECONDS = 10 * 366 * 86_400;

/** What a new token is to be. */
export type TokenRequest = {
  readonly name: string;
  readonly role: AccessRole;
  /** Absent: it never ends. */
  readonly lifeSeconds?: number | undefined;
};

/** Revokes a token; whether there was one of this name that could be revoked. */
export async function revokeToken(
  { tokens }: { readonly tokens: Pick<NamedTokens, "revoke"> },
  actor: Actor,
  name: string,
): Promise<boolean> {
  return NAME.test(name) && await tokens.revoke(actor, name);
}

/** Makes a token for a program and answers it: this is the only time that it can be seen. */
export async function createToken(
  deps: { readonly tokens: NamedTokens; readonly crypto: Crypto },
  actor: Actor,
  { name, role, lifeSeconds }: TokenRequest,
): Promise<Outcome<string>> {
  if (!NAME.test(name)) {
    return refuse(
      "invalid_argument",
      "the name must be 1 to 100 letters, digits, dots, dashes or underscores, and begin with a letter or digit",
    );
  }
  if (lifeSeconds !== undefined && (lifeSeconds < 60 || lifeSeconds > MAX_LIFE_SECONDS)) {
    return refuse(
      "invalid_argument",
      "a token must live for 1m to 10 years: use a duration such as 90d",
    );
  }
  const token = `${TOKEN_PREFIX}${newSecret(deps.crypto)}`;
  const hash = await secretHash(deps.crypto, token);
  if (await deps.tokens.create(actor, { name, hash, role }, lifeSeconds)) return accept(token);
  return refuse("invalid_argument", `there is a token named ${name} already: choose another name`);
}

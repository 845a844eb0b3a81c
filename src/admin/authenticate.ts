import { Buffer } from "node:buffer";
import type { Principal } from "../model/actor.ts";
import type { NamedTokens } from "../store/admin/named-token.ts";
import { TOKEN_PREFIX } from "./named-token.ts";
import { secretHash } from "./secret.ts";
import { bearerCheck } from "./token.ts";

/** What proving a program's identity needs. */
export type AuthenticateDependencies = {
  /** ADMIN_TOKEN, asked for each time, so that a mounted secret may change. */
  readonly adminToken: () => Promise<string | undefined>;
  readonly tokens: Pick<NamedTokens, "use">;
  readonly crypto: Crypto;
};

/** Tells which program sends a request: by ADMIN_TOKEN, which is `admin`, or by a named token. */
export function programPrincipal(
  deps: AuthenticateDependencies,
): (request: Request, requestId: string) => Promise<Principal | undefined> {
  const isAdminToken = bearerCheck(deps.adminToken, deps.crypto);
  return async (request, requestId) => {
    const [, shown = ""] =
      /^Bearer (\S{1,200})$/.exec(request.headers.get("authorization") ?? "") ??
        [];
    if (shown.startsWith(TOKEN_PREFIX)) {
      const token = await deps.tokens.use(
        Buffer.from(await secretHash(deps.crypto, shown)),
      );
      if (token !== undefined) {
        const { name, role } = token;
        return { role, actor: { subject: `token:${name}`, name, via: "api", requestId } };
      }
    }
    if (!await isAdminToken(request)) return undefined;
    const name = "ADMIN_TOKEN";
    return { role: "admin", actor: { subject: name, name, via: "api", requestId } };
  };
}

import type { AccessRole } from "../model/actor.ts";

/** Who may use a route: `anyone` needs no sign-in. */
export type Access = AccessRole | "anyone";

/**
 * Every route of the admin API and the console, with the role that it needs. A route that is not in the table cannot
 * be registered: its key is the type that the routers take.
 */
export const ACCESS = {
  "/admin/api/v1": {
    "GET /status": "viewer",
    "POST /jobs/:name": "operator",
    "GET /audit": "admin",
    "POST /where": "operator",
    "GET /revocations": "admin",
    "POST /revocations": "admin",
    "POST /revocations/:id/:act": "admin",
    "GET /:plural": "viewer",
    "GET /:plural/:name": "viewer",
    "PUT /:plural/:name": "admin",
    "DELETE /:plural/:name": "admin",
  },
  "/console": {
    "GET /sign-in": "anyone",
    "POST /sign-in": "anyone",
    "GET /sign-in/provider": "anyone",
    "GET /sign-in/return": "anyone",
    "POST /sign-in/end": "anyone",
    "POST /theme": "anyone",
    "POST /sign-out": "viewer",
    "GET /": "viewer",
    "GET /exports": "viewer",
    "GET /exports/file": "viewer",
    "POST /exports/file": "operator",
    "GET /imports": "viewer",
    "GET /jobs": "viewer",
    "POST /jobs/:name": "operator",
    "GET /audit": "admin",
    "POST /audit/verify": "admin",
    "GET /audit.jsonl": "admin",
    "GET /settings": "viewer",
    "POST /settings/tokens": "admin",
    "POST /settings/tokens/:name/revoke": "admin",
    "POST /settings/sessions/end": "admin",
    "GET /where": "operator",
    "POST /where": "operator",
    "GET /revoke": "admin",
    "POST /revoke": "admin",
    "POST /revoke/:id/:act": "admin",
    "GET /peers": "viewer",
    "GET /peers/add": "admin",
    "POST /peers/add": "admin",
    "POST /peers/:name/sync": "operator",
    "POST /peers/:name/pause": "operator",
    "GET /peers/:name": "viewer",
    "GET /setup": "admin",
    "POST /setup": "admin",
    "GET /setup/:name": "viewer",
    "POST /setup/:name/try": "operator",
    "POST /issuers/:name/key": "admin",
    "POST /signingKeys/:name/test": "operator",
    "POST /signingKeys/:name/rotate": "admin",
    "GET /:plural": "viewer",
    "GET /:plural/new": "admin",
    "POST /:plural/new": "admin",
    "GET /:plural/:name": "viewer",
    "GET /:plural/:name/edit": "admin",
    "POST /:plural/:name/edit": "admin",
    "GET /:plural/:name/delete": "admin",
    "POST /:plural/:name/delete": "admin",
  },
} as const;

/** Where routes are mounted. */
export type Mount = keyof typeof ACCESS;
/** A row of the table: `GET /status`. */
export type RouteOf<M extends Mount> = keyof typeof ACCESS[M] & string;

/** Method and path of a row. */
export function methodAndPath(route: string): readonly [method: string, path: string] {
  const [method = "", path = ""] = route.split(" ");
  return [method, path];
}

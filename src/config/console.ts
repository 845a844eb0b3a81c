import type { EnvironmentReader, Secret } from "./environment.ts";
import { type AccessRole, isAccessRole } from "../model/actor.ts";

/** Where the console is, and who may sign in to it. */
export type ConsoleSettings = {
  /** CONSOLE_HOST and CONSOLE_PORT: a listener of its own; absent: the one of everything else. */
  readonly listener?: { readonly host: string; readonly port: number };
  /** How browsers reach it, without a slash at the end. */
  readonly url: string;
  /** AUDIT_TTL. */
  readonly auditTtlSeconds: number;
  readonly oidc?: OidcSettings;
};

/** An identity provider (OpenID Connect). */
export type OidcSettings = {
  readonly issuer: string;
  readonly clientId: string;
  readonly clientSecret: Secret;
  readonly scopes: string;
  /** Path of the claim that names groups or roles: `realm_access.roles`. */
  readonly roleClaim: string;
  /** Our role for each value of the claim. */
  readonly roles: readonly { readonly role: AccessRole; readonly value: string }[];
  /** What the sign-in button says. */
  readonly name: string;
};

/** Reads CONSOLE_… and OIDC_… settings. `publicUrl`: where the console is without a listener of its own. */
export function consoleSettings(read: EnvironmentReader, publicUrl: string): ConsoleSettings {
  const host = read.optional("CONSOLE_HOST");
  const ownPort = read.optional("CONSOLE_PORT");
  const listener = host === undefined && ownPort === undefined
    ? undefined
    : { host: host ?? "127.0.0.1", port: portOf(read, ownPort) };
  const fallback = listener === undefined
    ? publicUrl
    : `http://${
      listener.host.includes(":") ? `[${listener.host}]` : listener.host
    }:${listener.port}`;
  const oidc = oidcSettings(read);
  return {
    ...(listener === undefined ? {} : { listener }),
    url: consoleUrl(read, fallback).replace(/\/+$/, ""),
    auditTtlSeconds: read.seconds("AUDIT_TTL", "9600h", { min: "24h", max: "87600h" }),
    ...(oidc === undefined ? {} : { oidc }),
  };
}

function consoleUrl(read: EnvironmentReader, fallback: string): string {
  const url = read.optional("CONSOLE_URL") ?? fallback;
  if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return url;
  read.refuse("CONSOLE_URL", "must be a URL that begins with https:// or http://");
  return fallback;
}

function portOf(read: EnvironmentReader, text = "8081"): number {
  const port = /^\d{1,5}$/.test(text) ? Number(text) : Number.NaN;
  if (port <= 65_535) return port;
  read.refuse("CONSOLE_PORT", "must be a whole number from 0 to 65535");
  return 0;
}

function oidcSettings(read: EnvironmentReader): OidcSettings | undefined {
  const issuer = read.optional("OIDC_ISSUER");
  if (issuer === undefined) return undefined;
  if (!URL.canParse(issuer)) {
    read.refuse(
      "OIDC_ISSUER",
      "must be the URL of an identity provider, such as https://login.example",
    );
  }
  const clientId = read.optional("OIDC_CLIENT_ID");
  if (clientId === undefined) read.refuse("OIDC_CLIENT_ID", "is missing: OIDC_ISSUER needs it");
  return {
    issuer,
    clientId: clientId ?? "",
    clientSecret: read.secret("OIDC_CLIENT_SECRET"),
    scopes: read.text("OIDC_SCOPES", "openid profile email"),
    roleClaim: read.text("OIDC_ROLE_CLAIM", "roles"),
    roles: rolesOf(read, read.text("OIDC_ROLES", "admin=admin,operator=operator,viewer=viewer")),
    name: read.optional("OIDC_NAME") ?? (URL.canParse(issuer) ? new URL(issuer).host : issuer),
  };
}

function rolesOf(read: EnvironmentReader, text: string): OidcSettings["roles"] {
  return text.split(",").flatMap((part) => {
    const [role = "", ...value] = part.trim().split("=");
    if (isAccessRole(role) && value.join("=") !== "") return [{ role, value: value.join("=") }];
    read.refuse("OIDC_ROLES", "must be like admin=keyserver-admins,operator=…,viewer=…");
    return [];
  });
}

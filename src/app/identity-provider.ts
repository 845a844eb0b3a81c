import * as oidc from "openid-client";
import { createRemoteJWKSet, jwtVerify } from "jose";
import type { OidcSettings } from "../config/console.ts";
import type { IdentityProvider, ProviderSignIn } from "../console/session/identity-provider.ts";
import { accept, type Outcome, refuse } from "../errors.ts";
import { ACCESS_ROLES, type AccessRole } from "../model/actor.ts";
import { errorFields } from "../observe/log.ts";
import type { SessionOwner } from "../store/admin/session.ts";
import type { Foundation } from "./foundation.ts";

/** Seconds that the identity provider gets for an answer. */
const TIMEOUT_SECONDS = 10;
/** Its metadata and keys are read again after that long. */
const METADATA_MS = 600_000;
const LOGOUT_EVENT = "http://schemas.openid.net/event/backchannel-logout";

/** The identity provider of OIDC_… settings. */
export function identityProvider(
  { config, log, clock }: Pick<Foundation, "config" | "log" | "clock">,
  settings: OidcSettings,
): IdentityProvider {
  const redirectUri = `${config.console.url}/console/sign-in/return`;
  let known: { readonly at: number; readonly metadata: Promise<oidc.Configuration> } | undefined;
  const metadata = (): Promise<oidc.Configuration> => {
    if (known === undefined || clock.monotonic() - known.at > METADATA_MS) {
      const fresh = { at: clock.monotonic(), metadata: discover(settings) };
      known = fresh;
      fresh.metadata.catch(() => {
        if (known === fresh) known = undefined;
      });
    }
    return known.metadata;
  };
  return {
    name: settings.name,
    issuer: settings.issuer,
    begin: async () => {
      try {
        return accept(await beginSignIn(await metadata(), settings, redirectUri));
      } catch (error) {
        log.warn("identity-provider-failed", errorFields(error));
        return refuse(
          "unavailable",
          `${settings.name} does not answer. Try again in a minute, or use a one-time link.`,
        );
      }
    },
    finish: async (url, { state, nonce, verifier }) => {
      try {
        const tokens = await oidc.authorizationCodeGrant(await metadata(), url, {
          pkceCodeVerifier: verifier,
          expectedState: state,
          expectedNonce: nonce,
          idTokenExpected: true,
        });
        return ownerOf(settings, tokens.claims() ?? {});
      } catch (error) {
        log.warn("sign-in-refused", errorFields(error));
        return refuse(
          "unauthorized",
          `${settings.name} did not confirm who you are, or its answer was not for this server. Begin again; if it stays so, its operators find the reason in the log of this server.`,
        );
      }
    },
    ended: async (token) => {
      try {
        return await readLogout(await metadata(), settings, token);
      } catch {
        return refuse("unauthorized", "the logout token is not one of the identity provider");
      }
    },
  };
}

async function discover({ issuer, clientId, clientSecret }: OidcSettings) {
  const server = new URL(issuer);
  const found = await oidc.discovery(server, clientId, await clientSecret(), undefined, {
    timeout: TIMEOUT_SECONDS,
    // Only on this machine may a provider be spoken to without TLS.
    ...(server.protocol === "http:" && /^(localhost|127\.|\[::1\])/.test(server.hostname)
      ? { execute: [oidc.allowInsecureRequests] }
      : {}),
  });
  found.timeout = TIMEOUT_SECONDS;
  return found;
}

async function beginSignIn(
  metadata: oidc.Configuration,
  { scopes }: OidcSettings,
  redirectUri: string,
): Promise<ProviderSignIn> {
  const [state, nonce, verifier] = [
    oidc.randomState(),
    oidc.randomNonce(),
    oidc.randomPKCECodeVerifier(),
  ];
  const address = oidc.buildAuthorizationUrl(metadata, {
    redirect_uri: redirectUri,
    scope: scopes,
    state,
    nonce,
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: "S256",
  });
  return { address: address.href, state, nonce, verifier };
}

type Claims = Readonly<Record<string, unknown>>;

function ownerOf(settings: OidcSettings, claims: Claims): Outcome<SessionOwner> {
  const { sub, sid } = claims;
  if (typeof sub !== "string") return refuse("unauthorized", "your account has no subject");
  const name = [claims["email"], claims["preferred_username"], claims["name"], sub]
    .find((one): one is string => typeof one === "string" && one !== "") ?? sub;
  const role = roleOf(settings, claims);
  if (role === undefined) {
    return refuse(
      "permission_denied",
      `You are signed in at ${settings.name} as ${name}, and your account has no role here. Roles are viewer, operator and admin: ask whoever gives them (OIDC_ROLES names their groups).`,
    );
  }
  return accept({
    subject: `oidc:${sub}`,
    name: name.slice(0, 200),
    role,
    provider: settings.issuer,
    ...(typeof sid === "string" ? { providerSession: sid } : {}),
  });
}

/** The most powerful role that the claim gives. */
function roleOf({ roleClaim, roles }: OidcSettings, claims: Claims): AccessRole | undefined {
  const claim = roleClaim.split(".").reduce<unknown>(
    (value, member) =>
      typeof value === "object" && value !== null
        ? Object.entries(value).find(([name]) => name === member)?.[1]
        : undefined,
    claims,
  );
  const values: readonly unknown[] = Array.isArray(claim) ? claim : [claim];
  return ACCESS_ROLES.toReversed().find((role) =>
    roles.some((one) => one.role === role && values.includes(one.value))
  );
}

/** Checks a logout token (OpenID Connect Back-Channel Logout 1.0, 2.6). */
async function readLogout(
  metadata: oidc.Configuration,
  { clientId }: OidcSettings,
  token: string,
): Promise<Outcome<{ readonly sid?: string; readonly subject?: string }>> {
  const { issuer, jwks_uri: jwksUri } = metadata.serverMetadata();
  if (jwksUri === undefined) return refuse("unauthorized", "the provider publishes no keys");
  const { payload } = await jwtVerify(token, createRemoteJWKSet(new URL(jwksUri)), {
    issuer,
    audience: clientId,
    requiredClaims: ["iat", "jti", "events"],
    maxTokenAge: "5m",
  });
  const { events, nonce, sid, sub } = payload;
  const isLogout = typeof events === "object" && events !== null &&
    Object.hasOwn(events, LOGOUT_EVENT);
  if (!isLogout || nonce !== undefined) return refuse("unauthorized", "it is no logout token");
  if (typeof sid !== "string" && typeof sub !== "string") {
    return refuse("unauthorized", "it names no session");
  }
  return accept({
    ...(typeof sid === "string" ? { sid } : {}),
    ...(typeof sub === "string" ? { subject: `oidc:${sub}` } : {}),
  });
}

import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import Provider from "oidc-provider";
import { onTestFinished } from "vitest";

/** A form that a token endpoint got. */
export type SeenForm = {
  readonly authorization: string | undefined;
  readonly fields: URLSearchParams;
};

/** A token endpoint of ours. */
export type TokenServer = {
  readonly url: string;
  readonly seen: readonly SeenForm[];
};

/** Answers forms with what `answer` gives for them; ended with the test. */
export async function tokenServer(
  answer: (form: SeenForm) => Promise<{ readonly status?: number; readonly body: unknown }>,
): Promise<TokenServer> {
  const seen: SeenForm[] = [];
  const server = createServer(async (request, response) => {
    let body = "";
    for await (const chunk of request.setEncoding("utf8")) body += chunk;
    const { authorization } = request.headers;
    const form = { authorization, fields: new URLSearchParams(body) };
    seen.push(form);
    const { status = 200, body: text } = await answer(form);
    response.writeHead(status, { "content-type": "application/json" }).end(
      typeof text === "string" ? text : JSON.stringify(text),
    );
  });
  const port = await listen(server);
  return { url: `http://127.0.0.1:${port}/token`, seen };
}

/** A client that the provider knows. */
export type ProviderClient = { readonly client_id: string } & Readonly<Record<string, unknown>>;

/** A real OpenID provider whose clients get JWTs as access tokens for any resource; ended with the test. */
export async function openIdProvider(clients: readonly ProviderClient[]): Promise<string> {
  const server = createServer((request, response) => callback(request, response));
  const issuer = `http://127.0.0.1:${await listen(server)}`;
  const provider = new Provider(issuer, {
    clients: clients.map((client) => ({
      grant_types: ["client_credentials"],
      redirect_uris: [],
      response_types: [],
      ...client,
    })),
    features: {
      clientCredentials: { enabled: true },
      devInteractions: { enabled: false },
      resourceIndicators: {
        enabled: true,
        getResourceServerInfo: (_context, resource) => ({
          scope: "federation",
          audience: resource,
          accessTokenFormat: "jwt",
          accessTokenTTL: 600,
          jwt: { sign: { alg: "RS256" } },
        }),
      },
    },
    scopes: ["federation"],
    clientAuthMethods: ["client_secret_basic", "private_key_jwt"],
    cookies: { keys: ["a-cookie-key"] },
  });
  const callback = provider.callback();
  return issuer;
}

async function listen(server: Server): Promise<number> {
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

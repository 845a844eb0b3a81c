import { createServer, type Server } from "node:http";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import Provider from "oidc-provider";
import { openTestApp, type TestApp } from "../support/app.ts";
import { textOf } from "../support/console.ts";
import { useDatabase } from "../support/database.ts";
import { freePort } from "../support/program.ts";

/** Groups of the accounts at the identity provider. */
const GROUPS: Readonly<Record<string, readonly string[]>> = {
  "admin-1": ["keyserver-admins", "staff"],
  "nobody-1": ["staff"],
};

describe("signing in at an identity provider", () => {
  const database = useDatabase();
  let app: TestApp;
  let server: Server;
  let issuer: string;
  let consoleUrl: string;

  beforeAll(async () => {
    const [port, consolePort] = [await freePort(), await freePort()];
    issuer = `http://127.0.0.1:${port}`;
    consoleUrl = `http://127.0.0.1:${consolePort}`;
    const provider = new Provider(issuer, {
      clients: [{
        client_id: "wayfarer",
        client_secret: "a-secret-of-this-test",
        redirect_uris: [`${consoleUrl}/console/sign-in/return`],
      }],
      claims: { openid: ["sub", "groups"], email: ["email"] },
      conformIdTokenClaims: false,
      findAccount: (_, sub) => ({
        accountId: sub,
        claims: () => ({
          sub,
          email: `${sub}@mag.example`,
          realm: { groups: GROUPS[sub] ?? [] },
          groups: GROUPS[sub] ?? [],
        }),
      }),
      features: { devInteractions: { enabled: true } },
      cookies: { keys: ["a-cookie-key"] },
    });
    server = createServer(provider.callback());
    await new Promise<void>((listening) => server.listen(port, "127.0.0.1", listening));
    app = await openTestApp(database(), {
      PUBLIC_URL: consoleUrl,
      OIDC_ISSUER: issuer,
      OIDC_CLIENT_ID: "wayfarer",
      OIDC_CLIENT_SECRET: "a-secret-of-this-test",
      OIDC_ROLE_CLAIM: "groups",
      OIDC_ROLES: "admin=keyserver-admins,viewer=keyserver-readers",
      OIDC_NAME: "Magrathea Health",
    });
  });
  afterAll(async () => {
    await app?.close();
    server?.close();
  });

  /** A browser in miniature: follows redirects at the provider, keeps its cookies, and fills in its two forms. */
  const signInAs = async (
    account: string,
    change: (back: URL) => void = () => {},
  ): Promise<Response> => {
    const begun = await app.fetch("/console/sign-in/provider?to=%2Fconsole%2Fpeers");
    const stateCookie = (begun.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
    const jar = new Map<string, string>();
    let url = new URL(begun.headers.get("location") ?? "");
    let body: URLSearchParams | undefined;
    for (let step = 0; step < 12 && url.origin === issuer; step++) {
      const answer = await fetch(url, {
        redirect: "manual",
        headers: { cookie: [...jar].map(([name, value]) => `${name}=${value}`).join("; ") },
        ...(body === undefined ? {} : { method: "POST", body }),
      });
      for (const cookie of answer.headers.getSetCookie()) {
        const [name = "", value = ""] = (cookie.split(";")[0] ?? "").split("=");
        jar.set(name, value);
      }
      body = undefined;
      const location = answer.headers.get("location");
      if (location !== null) url = new URL(location, url);
      else {
        const page = await answer.text();
        const prompt = /name="prompt" value="(\w+)"/.exec(page)?.[1] ?? "";
        body = new URLSearchParams({ prompt, login: account, password: "x" });
        url = new URL(/action="([^"]+)"/.exec(page)?.[1] ?? "", url);
      }
    }
    change(url);
    return await app.fetch(`${url.pathname}${url.search}`, { headers: { cookie: stateCookie } });
  };

  it("lets somebody with a role in, under the name of the account", async () => {
    const answer = await signInAs("admin-1");
    expect(answer.status).toBe(200);
    expect(answer.headers.get("refresh")).toBe("0; url=/console/peers");
    const session = (answer.headers.get("set-cookie") ?? "").split(";")[0] ?? "";
    const page = await app.fetch("/console/settings", { headers: { cookie: session } });
    const text = await textOf(page);
    expect(text).toContain("signed in by Magrathea Health");
    const [row] = await database().sql`select * from admin_session`;
    expect(row).toMatchObject({ subject: "oidc:admin-1", role: "admin", provider: issuer });
  });

  it("lets nobody in without a role", async () => {
    const answer = await signInAs("nobody-1");
    expect(answer.status).toBe(403);
    expect(await textOf(answer)).toContain("your account has no role here");
    expect(answer.headers.get("set-cookie")).toBeNull();
  });

  it.each<[string, (back: URL) => void]>([
    ["another state", (back) => back.searchParams.set("state", "x")],
    ["another issuer", (back) => back.searchParams.set("iss", "https://evil.example")],
    ["a made-up code", (back) => back.searchParams.set("code", "x".repeat(43))],
  ])("refuses an answer with %s", async (_, change) => {
    const answer = await signInAs("admin-1", change);
    expect(answer.status).toBe(403);
    expect(await textOf(answer)).toContain("did not confirm who you are");
  });

  it("refuses an answer to a sign-in that did not begin in this browser", async () => {
    const answer = await app.fetch("/console/sign-in/return?code=x&state=y");
    expect(answer.status).toBe(403);
    expect(await textOf(answer)).toContain("not one that began in this browser");
  });

  it("takes no logout token that the provider did not sign", async () => {
    const answer = await app.fetch("/console/sign-in/end", {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: "logout_token=eyJhbGciOiJub25lIn0.e30.",
    });
    expect(answer.status).toBe(400);
  });

  it("says so when the provider is away", async () => {
    const away = await openTestApp(database(), {
      OIDC_ISSUER: `http://127.0.0.1:${await freePort()}`,
      OIDC_CLIENT_ID: "wayfarer",
    });
    const answer = await away.fetch("/console/sign-in/provider");
    expect(answer.status).toBe(503);
    expect(await textOf(answer)).toContain(
      "does not answer. Try again in a minute, or use a one-time link.",
    );
    await away.close();
  });
});

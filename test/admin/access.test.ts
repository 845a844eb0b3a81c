import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { ACCESS, methodAndPath } from "../../src/admin/access.ts";
import { createToken } from "../../src/admin/named-token.ts";
import { ACCESS_ROLES, type AccessRole, mayAct } from "../../src/model/actor.ts";
import { namedTokens } from "../../src/store/admin/named-token.ts";
import { openTestApp, type TestApp } from "../support/app.ts";
import { useDatabase } from "../support/database.ts";

const ACTOR = { subject: "cli:test", name: "test", via: "cli" } as const;
const MOUNT = "/admin/api/v1";

describe("tokens of programs", () => {
  const database = useDatabase();
  let app: TestApp;

  beforeAll(async () => {
    app = await openTestApp(database());
  });
  beforeEach(() => database().clear());
  afterAll(() => app.close());

  const tokenOf = async (role: AccessRole, lifeSeconds?: number): Promise<string> => {
    const deps = { tokens: namedTokens(database()), crypto };
    const made = await createToken(deps, ACTOR, { name: role, role, lifeSeconds });
    if (!made.ok) throw new Error(made.message);
    return made.value;
  };
  const call = (token: string, method: string, path: string, body?: string) =>
    app.fetch(`${MOUNT}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}` },
      ...(body === undefined ? {} : { body }),
    });

  const cases = Object.entries(ACCESS[MOUNT]).flatMap(([route, needed]) =>
    ACCESS_ROLES.map((role) => [role, route, needed] as const)
  );
  it.each(cases)("%s at %s, which needs %s", async (role, route, needed) => {
    const [method, pattern] = methodAndPath(route);
    const path = pattern.replace(":plural", "issuers").replace("jobs/:name", "jobs/statistics")
      .replace(":name", "x");
    const answer = await call(await tokenOf(role), method, path, method === "GET" ? undefined : "");
    if (!mayAct(role, needed)) {
      expect(answer.status).toBe(403);
      expect(await answer.json()).toEqual({
        code: "permission_denied",
        error: `this needs the role ${needed}, and the token has the role ${role}`,
      });
    } else expect([200, 400, 404]).toContain(answer.status);
  });

  it("open nothing when they are revoked, expired or made up", async () => {
    const token = await tokenOf("viewer", 3600);
    expect((await call(token, "GET", "/status")).status).toBe(200);
    await database().sql`update named_token set expires_at = 1`;
    expect((await call(token, "GET", "/status")).status).toBe(401);
    await database().sql`update named_token set expires_at = null`;
    expect((await call(token, "GET", "/status")).status).toBe(200);
    expect(await namedTokens(database()).revoke(ACTOR, "viewer")).toBe(true);
    expect((await call(token, "GET", "/status")).status).toBe(401);
    expect((await call(`${token.slice(0, -1)}_`, "GET", "/status")).status).toBe(401);
  });

  it("are kept as hashes, and named by the audit log", async () => {
    const token = await tokenOf("admin");
    const kept = await database().sql`select * from named_token, audit_log`;
    expect(JSON.stringify(kept)).not.toContain(token);
    await call(token, "PUT", "/healthAuthorities/mag", '{"regions":["MAG"]}');
    const log = await (await call(token, "GET", "/audit?kind=HealthAuthority")).json();
    expect(log).toMatchObject({
      items: [{ subject: "token:admin", actor: "admin", via: "api", action: "put", name: "mag" }],
    });
  });

  it.each(
    [
      ["a name", { name: "x y", role: "viewer" }, "the name must be"],
      ["a life", { name: "x", role: "viewer", lifeSeconds: 1 }, "a token must live for"],
    ] as const,
  )("are refused for %s that cannot be", async (_, request, message) => {
    const made = await createToken({ tokens: namedTokens(database()), crypto }, ACTOR, request);
    expect(made).toMatchObject({ ok: false, code: "invalid_argument" });
    expect(made.ok ? "" : made.message).toContain(message);
  });

  it("refuses a second token of a name", async () => {
    await tokenOf("viewer");
    await expect(tokenOf("viewer")).rejects.toThrow("there is a token named viewer already");
  });
});

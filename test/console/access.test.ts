import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ACCESS, methodAndPath } from "../../src/admin/access.ts";
import { ACCESS_ROLES, type AccessRole, mayAct } from "../../src/model/actor.ts";
import { openTestApp, type TestApp } from "../support/app.ts";
import { signedIn, textOf, type Visitor } from "../support/console.ts";
import { applyResources, RESOURCES } from "../support/console-world.ts";
import { useDatabase } from "../support/database.ts";

const GUARDED = Object.entries(ACCESS["/console"]).filter(([, needed]) => needed !== "anyone");
const FORMS = GUARDED.filter(([route]) => route.startsWith("POST "));

/** A path that the pattern of a route matches, of things that exist where that does no harm. */
function pathOf(pattern: string): string {
  const path = pattern.replace(":plural", "issuers").replace("jobs/:name", "jobs/statistics")
    .replace("setup/:name", "setup/mag").replace("peers/:name", "peers/no-such-peer")
    .replace("issuers/:name", "issuers/magrathea-verification").replace(":name", "no-such-name")
    .replace(":id", "999").replace(":act", "stop");
  return `/console${path === "/" ? "" : path}`;
}

describe("who may do what in the console", () => {
  const database = useDatabase();
  let app: TestApp;
  const visitors = new Map<AccessRole, Visitor>();

  const visitorOf = async (role: AccessRole): Promise<Visitor> => {
    const known = visitors.get(role) ?? await signedIn(app, role);
    visitors.set(role, known);
    return known;
  };
  beforeAll(async () => {
    app = await openTestApp(database());
    await applyResources(app, RESOURCES.slice(0, 4));
  });
  afterAll(() => app.close());

  it.each(GUARDED)("%s needs %s", async (route, needed) => {
    const [method, pattern] = methodAndPath(route);
    const path = pathOf(pattern);
    for (const role of ACCESS_ROLES) {
      const visitor = await visitorOf(role);
      const answer = method === "GET" ? await visitor.get(path) : await visitor.post(path);
      if (needed === "anyone" || mayAct(role, needed)) {
        expect([200, 303, 404, 422]).toContain(answer.status);
      } else {
        expect({ role, status: answer.status }).toEqual({ role, status: 403 });
        expect(await textOf(answer)).toContain(`This needs the role ${needed}`);
      }
      // Some routes end sessions.
      if (route.includes("sign-out") || route.includes("sessions")) visitors.clear();
    }
    const stranger = await app.fetch(path, { method });
    expect(stranger.status).toBe(303);
    expect(stranger.headers.get("location")).toMatch(/^\/console\/sign-in/);
  });

  it.each(FORMS)("%s takes no form that is not of this session", async (route) => {
    const path = pathOf(methodAndPath(route)[1]);
    const [visitor, other] = [await signedIn(app, "admin"), await signedIn(app, "admin")];
    for (const csrf of ["", "x".repeat(43), other.csrf]) {
      const answer = await visitor.post(path, { csrf });
      expect(answer.status).toBe(403);
      expect(await textOf(answer)).toContain("Nothing was changed");
    }
    const crossSite = await app.fetch(path, {
      method: "POST",
      headers: {
        cookie: visitor.cookie,
        "content-type": "application/x-www-form-urlencoded",
        "sec-fetch-site": "cross-site",
      },
      body: `csrf=${visitor.csrf}`,
    });
    expect(crossSite.status).toBe(413);
    // It is still signed in: nothing was done.
    expect((await visitor.get("/console/jobs")).status).toBe(200);
  });

  it("refuses a form of ten megabytes", async () => {
    const visitor = await signedIn(app, "admin");
    const answer = await visitor.post("/console/where", { keys: "x".repeat(10_000_000) });
    expect(answer.status).toBe(413);
  });
});

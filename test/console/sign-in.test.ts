import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { makeSignInLink } from "../../src/admin/sign-in.ts";
import { adminPart } from "../../src/app/admin.ts";
import { openTestApp, type TestApp } from "../support/app.ts";
import { signedIn, textOf } from "../support/console.ts";
import { useDatabase } from "../support/database.ts";

const ACTOR = { subject: "cli:test", name: "test", via: "cli" } as const;
const NOW = 1_800_000_000;

describe("signing in to the console", () => {
  const database = useDatabase();
  let app: TestApp;

  beforeAll(async () => {
    app = await openTestApp(database());
  });
  beforeEach(async () => {
    await database().clear();
    await database().setClock(NOW);
  });
  afterAll(() => app.close());

  const link = () =>
    makeSignInLink({ ...adminPart(app.foundation), crypto }, ACTOR, {
      name: "night",
      role: "operator",
    });
  const use = (secret: string) =>
    app.fetch("/console/sign-in", {
      method: "POST",
      headers: { "content-type": "application/x-www-form-urlencoded" },
      body: `link=${secret}`,
    });

  it("uses a link once: looking at it does not use it up", async () => {
    const secret = await link();
    for (let look = 0; look < 2; look++) {
      const page = await app.fetch(`/console/sign-in?link=${secret}`);
      expect(await textOf(page)).toContain("This link signs you in as night , operator.");
    }
    const first = await use(secret);
    expect(first.status).toBe(303);
    const cookie = first.headers.get("set-cookie") ?? "";
    expect(cookie).toMatch(
      /^wayfarer-session=[\w-]{43}; Path=\/; Max-Age=43200; HttpOnly; SameSite=Strict$/,
    );
    const inside = await app.fetch("/console/jobs", {
      headers: { cookie: cookie.split(";")[0] ?? "" },
    });
    expect(inside.status).toBe(200);
    const second = await use(secret);
    expect(second.status).toBe(403);
    expect(await textOf(second)).toContain("This link was used already.");
  });

  it("lets one of two in who use a link at once", async () => {
    const secret = await link();
    const answers = await Promise.all([use(secret), use(secret)]);
    expect(answers.map(({ status }) => status).sort()).toEqual([303, 403]);
  });

  it.each([
    ["has expired", NOW + 601, "This link has expired."],
    ["nobody made", undefined, "This link is not one of this server's"],
  ])("refuses a link that %s", async (_, clock, text) => {
    const secret = clock === undefined ? "x".repeat(43) : await link();
    await database().setClock(clock ?? NOW);
    const page = await app.fetch(`/console/sign-in?link=${secret}`);
    expect(page.status).toBe(403);
    expect(await textOf(page)).toContain(text);
    expect((await use(secret)).status).toBe(403);
  });

  it.each([
    ["after 30 minutes without use", NOW + 30 * 60],
    ["after 12 hours", NOW + 12 * 3600],
  ])("ends a session %s, and says so", async (_, later) => {
    const visitor = await signedIn(app, "viewer");
    await database().setClock(later - 1);
    if (later === NOW + 12 * 3600) {
      await database().sql`update admin_session set used_at = ${later - 60}`;
    }
    expect((await visitor.get("/console/jobs")).status).toBe(200);
    await database().sql`update admin_session set used_at = least(used_at, ${later - 1800})`;
    await database().setClock(later);
    const answer = await visitor.get("/console/peers?x=1");
    expect(answer.status).toBe(303);
    expect(answer.headers.get("location")).toBe(
      "/console/sign-in?why=ended&to=%2Fconsole%2Fpeers%3Fx%3D1",
    );
    const page = await app.fetch(answer.headers.get("location") ?? "");
    expect(await textOf(page)).toContain("Your session ended");
  });

  it("ends sessions by signing out, by another role, and all at once", async () => {
    const visitor = await signedIn(app, "viewer");
    expect((await visitor.post("/console/sign-out")).headers.get("location")).toBe(
      "/console/sign-in?why=out",
    );
    expect((await visitor.get("/console/jobs")).status).toBe(303);
    const [one, two] = [await signedIn(app, "admin"), await signedIn(app, "operator")];
    await two.get("/console/jobs");
    expect((await one.post("/console/settings/sessions/end")).status).toBe(303);
    for (const gone of [one, two]) expect((await gone.get("/console/jobs")).status).toBe(303);
  });

  it("sends nobody to another site", async () => {
    const page = await app.fetch("/console/sign-in?to=https%3A%2F%2Fevil.example");
    expect(await page.text()).not.toContain("evil.example");
  });

  it("limits how often somebody may try", async () => {
    const fresh = await openTestApp(database());
    const statuses = [];
    for (let attempt = 0; attempt < 25; attempt++) {
      statuses.push((await fresh.fetch(`/console/sign-in?link=${"y".repeat(43)}`)).status);
    }
    expect(statuses.at(0)).toBe(403);
    expect(statuses.at(-1)).toBe(429);
    await fresh.close();
  });
});

import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openTestApp, type TestApp } from "../support/app.ts";
import { signedIn, textOf, type Visitor } from "../support/console.ts";
import { useDatabase } from "../support/database.ts";

const TYPED = {
  region: "mag",
  authority: "",
  certifier: "trial",
  period: "4h",
  keyId: "310",
  version: "v1",
};

describe("setting up a region", () => {
  const database = useDatabase();
  let app: TestApp;
  let visitor: Visitor;

  beforeAll(async () => {
    app = await openTestApp(database());
  });
  beforeEach(async () => {
    await database().clear();
    await app.foundation.cache.fresh();
    visitor = await signedIn(app, "admin");
  });
  afterAll(() => app.close());

  it("goes from page to page with what was typed, and makes nothing before the last", async () => {
    const first = await visitor.post("/console/setup", {
      ...TYPED,
      step: "name",
      to: "certificates",
    });
    expect(await textOf(first)).toContain("Who issues certificates?");
    const last = await visitor.post("/console/setup", { ...TYPED, step: "files", to: "make" });
    const html = await last.text();
    expect(html).toContain('name="region" value="MAG"');
    expect(html).toContain("export mag");
    expect((await app.foundation.resources.all()).resources).toEqual([]);
  });

  it.each([
    ["name", { region: "no region" }, "The region must be a region code"],
    ["name", { region: "" }, "The region must be a region code"],
    ["files", { period: "5h" }, "The length of a window must be whole seconds that divide 24h"],
    [
      "certificates",
      { certifier: "jwks", issuer: "x", audience: "y", jwksUri: "ftp://x" },
      "The address of the key set must be",
    ],
  ])("says what is wrong on page %s: %j", async (step, typed, text) => {
    const answer = await visitor.post("/console/setup", { ...TYPED, ...typed, step, to: "make" });
    expect(answer.status).toBe(422);
    expect(await textOf(answer)).toContain(text);
  });

  it("makes a region once, also when the form is sent twice, and tries it", async () => {
    const make = () => visitor.post("/console/setup", { ...TYPED, step: "make", go: "make" });
    for (const answer of [await make(), await make()]) {
      expect(answer.status).toBe(303);
      expect(answer.headers.get("location")).toBe("/console/setup/mag");
    }
    expect((await app.foundation.resources.all()).resources.map(({ version }) => version))
      .toEqual([1, 1, 1, 1]);
    const page = await textOf(await visitor.get("/console/setup/mag"));
    expect(page).toContain("MAG is set up");
    expect(page).toContain("-----BEGIN PUBLIC KEY-----");
    const tried = await textOf(await visitor.post("/console/setup/mag/try"));
    expect(tried).toContain("MAG works.");
    expect(tried).toContain("3 of 3 identifiers matched");
    expect(await database().sql`select * from exposure`).toEqual([]);
  });

  it("says which step of the try failed, and why", async () => {
    await visitor.post("/console/setup", { ...TYPED, step: "make", go: "make" });
    const view = await app.foundation.cache.fresh();
    const authority = view.get("HealthAuthority", "mag");
    if (authority === undefined) throw new Error("no authority");
    await app.foundation.resources.change(
      { subject: "t", name: "t", via: "cli" },
      (change) => change.put([{ ...authority, acceptIssuers: [] }]),
    );
    const tried = await textOf(await visitor.post("/console/setup/mag/try"));
    expect(tried).toContain("It does not work yet.");
    expect(tried).toContain("no health authority of this region accepts a trial issuer");
  });
});

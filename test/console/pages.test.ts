import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { openTestApp, type TestApp } from "../support/app.ts";
import { signedIn, textOf, type Visitor } from "../support/console.ts";
import { useDatabase } from "../support/database.ts";

const PAGES: readonly (readonly [path: string, says: string])[] = [
  ["/console", "What should I do now?"],
  ["/console/healthAuthorities", "No health authority yet"],
  ["/console/issuers", "No issuer yet"],
  ["/console/exports", "No export yet"],
  ["/console/signingKeys", "No signing key yet"],
  ["/console/imports", "No mirror yet"],
  ["/console/peers", "No peers yet"],
  ["/console/where", "Find these keys"],
  ["/console/jobs", "Makes the files that phones download."],
  ["/console/settings", "No tokens yet"],
  ["/console/audit", "rows"],
  ["/console/peers/add", "Ask the server who it is"],
  ["/console/issuers/new", "Review the change"],
];

describe("pages of the console", () => {
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

  it.each(PAGES)("%s is whole while there is nothing", async (path, says) => {
    const answer = await visitor.get(path);
    expect(answer.status).toBe(200);
    expect(answer.headers.get("cache-control")).toBe("no-store");
    expect(answer.headers.get("content-security-policy")).toContain("default-src 'none'");
    const html = await answer.clone().text();
    expect(html).not.toMatch(/\sstyle=|\son[a-z]+=|undefined|\[object|NaN/);
    expect(await textOf(answer)).toContain(says);
  });

  it("count device attestations by verdict once there are some", async () => {
    const overview = async () => await textOf(await visitor.get("/console"));
    expect(await overview()).not.toContain("Device attestations");
    for (let count = 1; count <= 3; count++) {
      app.foundation.metrics.attested({ platform: "ios", kind: "appattest", verdict: "replayed" });
    }
    expect(await overview()).toMatch(/Device attestations.*replayed\s*appattest\s*ios\s*3/s);
  });
});

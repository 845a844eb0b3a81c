import { describe, expect, it } from "vitest";
import { admin, ADMIN_TOKEN, openTestApp } from "../support/app.ts";
import { useDatabase } from "../support/database.ts";

describe("the program, put together", () => {
  const database = useDatabase();

  it("serves only what its roles say", async () => {
    const app = await openTestApp(database(), { ROLES: "jobs" });
    for (const path of ["/exports/x", "/.well-known/jwks.json"]) {
      expect((await app.fetch(path)).status, path).toBe(404);
    }
    expect((await app.fetch("/v1/publish", { method: "POST" })).status).toBe(404);
    expect((await app.fetch("/readyz")).status).toBe(200);
    await app.close();
  });

  it("tells how far exports are behind, and what ran", async () => {
    const app = await openTestApp(database(), { MIN_WINDOW_AGE: "1m", WINDOW_GRACE: "1s" });
    await admin(app, "PUT", "/signingKeys/k", { key: "local:k", keyId: "1", version: "v1" });
    await admin(app, "PUT", "/exportConfigs/mag", {
      bucket: "exports",
      filenameRoot: "mag",
      period: "1h",
      outputRegion: "MAG",
      signingKeys: ["k"],
    });
    const run = await admin(app, "POST", "/jobs/export");
    expect(await run.json()).toMatchObject({ name: "export", ok: true, outcome: "done" });
    const metrics = await (await app.fetch("/metrics", {
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    })).text();
    expect(metrics).toMatch(/wayfarer_lag_seconds\{kind="export",name="mag period"\} \d+/);
    expect(metrics).toMatch(/wayfarer_job_runs_total\{job="export",result="done"\} 1/);
    await app.close();
  });

  it("answers what it does not know with a code, and what went wrong with a request id alone", async () => {
    const app = await openTestApp(database());
    const unknown = await app.fetch("/nowhere");
    expect(unknown.status).toBe(404);
    expect(await unknown.json()).toEqual({
      error: "there is nothing at this address: see /docs for those that there are",
      code: "not_found",
    });
    await database().sql`alter table resource rename to elsewhere`;
    const broken = await admin(app, "GET", "/issuers");
    await database().sql`alter table elsewhere rename to resource`;
    const body: { error: string; requestId: string } = await broken.json();
    expect([broken.status, body.error]).toEqual([500, "internal error"]);
    expect(app.logged.join("\n")).toContain(body.requestId);
    await app.close();
  });

  it("answers 503 with Retry-After, whatever is asked, while the database is away", async () => {
    let laterMs = 0;
    const monotonic = () => performance.now() + laterMs;
    const app = await openTestApp(database(), {}, { now: Date.now, monotonic });
    await app.foundation.database.close(0);
    // What was read of the configuration is too old to refuse anybody by.
    laterMs = 1000;
    const upload = { method: "POST", body: "{}", headers: { "content-type": "application/json" } };
    for (const [path, init] of [["/"], ["/v1/publish", upload]] as const) {
      const answer = await app.fetch(path, init);
      expect([answer.status, answer.headers.get("retry-after")], path).toEqual([503, "5"]);
    }
    const read = await admin(app, "GET", "/issuers");
    expect([read.status, (await read.json()).code]).toEqual([503, "database_unavailable"]);
    const ready = await app.fetch("/readyz");
    expect([ready.status, await ready.json()]).toMatchObject([503, {
      checks: { database: "failed" },
      reasons: { database: "the database cannot be reached" },
    }]);
  });
});

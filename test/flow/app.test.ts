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
    expect(await unknown.json()).toEqual({ error: "not found", code: "not_found" });
    await app.foundation.database.close(0);
    const broken = await admin(app, "GET", "/issuers");
    expect(broken.status).toBeGreaterThanOrEqual(500);
    const body: { error: string; requestId: string } = await broken.json();
    expect(body.error).toBe("internal error");
    expect(app.logged.join("\n")).toContain(body.requestId);
    expect((await app.fetch("/readyz")).status).toBe(503);
  });
});

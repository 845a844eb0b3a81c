import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { ADMIN_TOKEN, openTestApp, type TestApp } from "../support/app.ts";
import { temporaryFolder } from "../support/command-io.ts";
import { useDatabase } from "../support/database.ts";

const database = useDatabase();

async function opened(settings: Readonly<Record<string, string>>): Promise<TestApp> {
  const app = await openTestApp(database(), settings);
  onTestFinished(() => app.close());
  return app;
}

const scrape = (app: TestApp, authorization?: string): Promise<Response> =>
  app.fetch("/metrics", authorization === undefined ? {} : { headers: { authorization } });

const CLOSED = {
  error:
    "send Authorization: Bearer with METRICS_TOKEN or ADMIN_TOKEN; without either setting this is closed",
  code: "unauthorized",
};

describe("/metrics", () => {
  it("tells of the process, its connections and its clocks once it serves", async () => {
    const app = await opened({ ROLES: "publish" });
    app.start();
    await app.fetch("/readyz");
    const text = await (await scrape(app, `Bearer ${ADMIN_TOKEN}`)).text();
    for (
      const name of [
        "process_resident_memory_bytes",
        "nodejs_eventloop_lag_seconds",
        'wayfarer_database_connections{pool="requests",state="open"}',
        'wayfarer_publish_requests_in_flight{state="working"}',
        "wayfarer_clocks_apart 0",
      ]
    ) expect(text).toContain(name);
  });

  it("is closed to everybody without a token of its own or the admin's", async () => {
    const app = await opened({ ADMIN_TOKEN: "" });
    for (const shown of [undefined, "", "Bearer ", "Bearer undefined", `Bearer ${ADMIN_TOKEN}`]) {
      const answer = await scrape(app, shown);
      expect(answer.status).toBe(401);
      expect(await answer.json()).toEqual(CLOSED);
    }
  });

  it.each([
    ["METRICS_TOKEN", "Bearer for-prometheus", 200],
    ["ADMIN_TOKEN", `Bearer ${ADMIN_TOKEN}`, 200],
    ["a part of one", "Bearer for-prometheu", 401],
    ["another scheme", "Basic for-prometheus", 401],
    ["nothing", undefined, 401],
  ])("answers to %s: %s with %i", async (_, shown, status) => {
    const app = await opened({ METRICS_TOKEN: "for-prometheus" });
    const answer = await scrape(app, shown);
    expect(answer.status).toBe(status);
    const text = await answer.text();
    expect(text.includes("wayfarer_publish_requests_total")).toBe(status === 200);
  });

  it("opens nothing else with METRICS_TOKEN", async () => {
    const app = await opened({ METRICS_TOKEN: "for-prometheus" });
    const answer = await app.fetch("/admin/api/v1/status", {
      headers: { authorization: "Bearer for-prometheus" },
    });
    expect(answer.status).toBe(401);
  });

  it("follows a mounted METRICS_TOKEN_FILE without a restart", async () => {
    const file = join(await temporaryFolder(), "token");
    await writeFile(file, "first\n");
    const app = await opened({ METRICS_TOKEN_FILE: file });
    expect((await scrape(app, "Bearer first")).status).toBe(200);
    await writeFile(file, "second\n");
    expect((await scrape(app, "Bearer first")).status).toBe(401);
    expect((await scrape(app, "Bearer second")).status).toBe(200);
  });
});

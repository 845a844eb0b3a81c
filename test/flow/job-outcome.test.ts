import { generateKeyPairSync } from "node:crypto";
import { beforeEach, describe, expect, it } from "vitest";
import { JOB_SUMMARIES } from "../../src/cli/job.ts";
import { admin, ADMIN_TOKEN, openTestApp, type TestApp } from "../support/app.ts";
import { runHere } from "../support/command-line.ts";
import { databaseSettings, useDatabase } from "../support/database.ts";

const MASTER_KEY = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
/** A port of loopback on which nobody listens. */
const NOWHERE = "http://127.0.0.1:1";
const UPSTREAM = { indexUrl: `${NOWHERE}/index.txt`, exportRoot: NOWHERE };

const PEM = generateKeyPairSync("ec", { namedCurve: "P-256" }).publicKey
  .export({ type: "spki", format: "pem" });

/** For each job that depends on others: a resource that makes it fail. */
const FAILING = [
  ["refresh-jwks", "/issuers/far", { issuer: "i", audience: "a", jwksUri: `${NOWHERE}/keys` }],
  ["import", "/exportImports/far", {
    ...UPSTREAM,
    region: "MAG",
    publicKeys: [{ keyId: "1", version: "v1", publicKeyPem: PEM }],
  }],
  ["mirror", "/mirrors/far", { ...UPSTREAM, bucket: "exports", filenameRoot: "far" }],
  ["pull", "/peers/far", {
    serverId: NOWHERE,
    pull: { enabled: true },
    accept: { regions: ["MAG"] },
  }],
] as const;

describe("a job that could not do its work", () => {
  const database = useDatabase();
  let app: TestApp;

  beforeEach(async () => {
    await database().clear();
    app = await openTestApp(database(), { PEER_ALLOW_PRIVATE: "true" });
    return () => app.close();
  });

  it.each(FAILING)("is not ok, and says why everywhere: %s", async (job, path, resource) => {
    expect((await admin(app, "PUT", path, resource)).status).toBe(201);
    const answered = await admin(app, "POST", `/jobs/${job}`);
    const result: { error: string } = await answered.json();
    expect(result).toMatchObject({ name: job, ok: false, outcome: "failed" });
    expect(result.error).toMatch(/^far: /);
    const status: { jobs: unknown[] } = await (await admin(app, "GET", "/status")).json();
    expect(status.jobs).toContainEqual(expect.objectContaining({
      name: job,
      outcome: "failed",
      error: "job_incomplete",
      reason: result.error,
    }));
    const headers = { authorization: `Bearer ${ADMIN_TOKEN}` };
    expect(await (await app.fetch("/metrics", { headers })).text())
      .toContain(`wayfarer_job_runs_total{job="${job}",result="failed"} 1`);
    expect(app.logged.join("\n")).toMatch(new RegExp(`"job-failed","job":"${job}"`));
    const told = await runHere(["job", job], {
      ...databaseSettings(database().address),
      MASTER_KEY,
      PEER_ALLOW_PRIVATE: "true",
    });
    expect(told.status).toBe(1);
    expect(told.out).toMatch(new RegExp(`^${job}: failed: far: `));
  });

  it("says whether there was nothing to do", async () => {
    const answered = await admin(app, "POST", "/jobs/import");
    expect(await answered.json()).toMatchObject({ ok: true, outcome: "nothing" });
  });

  it("has its name in the command's help", () => {
    expect(Object.keys(JOB_SUMMARIES).sort()).toEqual([...app.jobs.names].sort());
  });
});

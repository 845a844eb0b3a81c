import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import { admin, openTestApp, type TestApp } from "../support/app.ts";
import { useDatabase } from "../support/database.ts";
import { config, openWorld } from "./world.ts";

describe("the index of an export without files", () => {
  const database = useDatabase();
  let app: TestApp;

  beforeAll(async () => {
    app = await openTestApp(database());
  });
  beforeEach(() => database().clear());
  afterAll(() => app.close());

  it("exists and is empty as soon as the export exists, also for its roll-up", async () => {
    const root = "first";
    const index = (): Promise<Response> => app.fetch(`/exports/${root}/index.txt`);
    expect((await index()).status).toBe(404);
    await admin(app, "PUT", "/signingKeys/k", { key: "local:k", keyId: "1", version: "v1" });
    const body = {
      ...{ bucket: "exports", filenameRoot: root, period: "4h", outputRegion: "MAG" },
      ...{ signingKeys: ["k"], rollup: "24h" },
    };
    expect((await admin(app, "PUT", "/exportConfigs/x", body)).status).toBe(201);
    const answer = await index();
    expect(answer.status).toBe(200);
    expect(await answer.text()).toBe("");
    expect(answer.headers.get("content-type")).toMatch(/^text\/plain/);
    expect(answer.headers.get("cache-control")).toBe("no-cache, max-age=0");
    expect(answer.headers.get("etag")).toMatch(/^"/);
    const daily = await app.fetch(`/exports/${root}-daily/index.txt`);
    expect([daily.status, await daily.text()]).toEqual([200, ""]);
  });

  it("is written once by the job when it is missing", async () => {
    const world = await openWorld(database());
    world.put(config({ name: "mag" }), config({ name: "other", filenameRoot: "a/b" }));
    const written: string[] = [];
    const blob = {
      ...world.blob,
      put: (...args: Parameters<typeof world.blob.put>) => {
        written.push(args[1]);
        return world.blob.put(...args);
      },
    };
    await world.run({ blob });
    await world.run({ blob });
    expect(written.toSorted()).toEqual(["a/b/index.txt", "mag/index.txt"]);
    expect(await world.index("a/b")).toEqual([]);
  });

  it("does not block a change while storage is unavailable", async () => {
    const body = { key: "local:k", keyId: "1", version: "v1" };
    await admin(app, "PUT", "/signingKeys/k", body);
    const { put } = app.foundation.blobs;
    const broken = { put: () => Promise.reject(new Error("away")) };
    Object.assign(app.foundation.blobs, broken);
    const answer = await admin(app, "PUT", "/exportConfigs/x", {
      ...{ bucket: "exports", filenameRoot: "away", period: "4h", outputRegion: "MAG" },
      signingKeys: ["k"],
    });
    Object.assign(app.foundation.blobs, { put });
    expect(answer.status).toBe(201);
    expect(app.logged.some((line) => line.includes("first-index-failed"))).toBe(true);
  });
});

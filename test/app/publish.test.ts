import { describe, expect, it, onTestFinished } from "vitest";
import { useDatabase } from "../support/database.ts";
import { openTestApp } from "../support/app.ts";

describe("publishing, put together", () => {
  const database = useDatabase();
  const open = async (settings: Readonly<Record<string, string>>) => {
    const app = await openTestApp(database(), settings);
    onTestFinished(() => app.close());
    return app;
  };

  it("answers POST / only with ENABLE_V1ALPHA1_API", async () => {
    const post = {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: "{}",
    };
    const without = await (await open({})).fetch("/", post);
    expect([without.status, without.headers.get("x-api-version")]).toEqual([405, null]);
    const withIt = await (await open({ ENABLE_V1ALPHA1_API: "true" })).fetch("/", post);
    expect([withIt.status, withIt.headers.get("x-api-version")]).toEqual([401, "v1alpha"]);
  });

  it("warns at start when keys of the same day are released, and only then", async () => {
    const warnings = ({ logged }: { readonly logged: readonly string[] }) =>
      logged.map((line) => JSON.parse(line)).filter(({ event }) =>
        event === "same-day-keys-are-released"
      );
    expect(warnings(await open({}))).toEqual([]);
    const [warning, ...others] = warnings(await open({ DEBUG_RELEASE_SAME_DAY_KEYS: "true" }));
    expect(others).toEqual([]);
    expect(warning).toMatchObject({
      level: "warn",
      text: "DEBUG_RELEASE_SAME_DAY_KEYS is on: keys that can still be replayed are published",
    });
  });
});

import { beforeEach, describe, expect, it } from "vitest";
import { exposurePublicKeys } from "../../src/app/public-keys.ts";
import { signingKeySchema } from "../../src/model/resource/signing-key.ts";
import { admin, openTestApp, type TestApp } from "../support/app.ts";
import { databaseSettings, useDatabase } from "../support/database.ts";
import { type Finished, runProgram } from "../support/program.ts";

const MASTER_KEY = "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=";
const YESTERDAY = new Date(Date.now() - 86_400_000).toISOString();

describe("wayfarer keys", () => {
  const database = useDatabase();
  let app: TestApp;

  beforeEach(async () => {
    await database().clear();
    app = await openTestApp(database());
    return () => app.close();
  });

  const keys = (args: string): Promise<Finished> =>
    runProgram(["keys", ...args.split(" ")], {
      ...databaseSettings(database().address),
      MASTER_KEY,
    });
  const put = async (path: string, body: object): Promise<void> => {
    const answer = await admin(app, "PUT", path, body);
    expect([200, 201]).toContain(answer.status);
  };
  const signingKey = (name: string, version: string, more: object = {}) =>
    put(`/signingKeys/${name}`, {
      kind: "SigningKey",
      name,
      key: `local:${name}`,
      keyId: "310",
      version,
      ...more,
    });
  const exportOf = (signingKeys: readonly string[]) =>
    put("/exportConfigs/mag", {
      kind: "ExportConfig",
      name: "mag",
      bucket: "exports",
      filenameRoot: "mag",
      period: "4h",
      outputRegion: "MAG",
      signingKeys,
    });
  const signers = async (): Promise<unknown> =>
    (await app.foundation.cache.fresh()).get("ExportConfig", "mag")?.signingKeys;

  it("makes a key once, and shows only its public half", async () => {
    const made = await keys("create local:mine");
    expect(made.out)
      .toMatch(/^-----BEGIN PUBLIC KEY-----\n[^-]+-----END PUBLIC KEY-----\n$/);
    const again = await keys("create local:mine");
    expect(again.status).toBe(2);
    expect(again.err).toContain('local:mine exists; "keys rotate" makes a new one beside it');
  });

  it("rotates: the new key is named last, which is newest, and ended ones make room", async () => {
    await signingKey("a", "v1");
    for (let old = 1; old <= 9; old++) {
      await signingKey(`old${old}`, `o${old}`, { thru: YESTERDAY });
    }
    await exportOf([...Array.from({ length: 9 }, (_, old) => `old${old + 1}`), "a"]);
    const { out } = await keys("rotate a --version v2 --old-thru 2099-01-01T00:00:00Z");
    expect(out).toMatch(/^a-v2 signs beside a for mag: /);
    expect(await signers()).toEqual(["a", "a-v2"]);
    const view = await app.foundation.cache.fresh();
    expect(signingKeySchema.parse(view.get("SigningKey", "a-v2")))
      .toMatchObject({ keyId: "310", version: "v2", key: "local:a-v2" });
    expect(view.get("SigningKey", "a")).toMatchObject({ thru: "2099-01-01T00:00:00Z" });
    expect((await keys("list")).out.split("\n").find((line) => line.startsWith("a-v2 ")))
      .toMatch(/keyId 310 {2}version v2 {2}thru - {2}signs for mag$/);
  });

  it("refuses a version that a key of the same ID has, and names the next free one", async () => {
    await signingKey("mag", "v1");
    await signingKey("other", "v2", { keyId: "310" });
    const refused = await keys("rotate mag --version v1 --name fresh");
    expect(refused.status).toBe(2);
    expect(refused.err).toContain(
      "version v1 of key ID 310 is taken by the SigningKey mag: use --version v3",
    );
    expect((await keys("rotate mag --version v3")).status).toBe(0);
  });

  it("cannot make one export sign with two keys of the same ID and version", async () => {
    await signingKey("a", "v1");
    await signingKey("b", "v1");
    await exportOf(["a"]);
    const answer = await admin(app, "PUT", "/exportConfigs/mag", {
      kind: "ExportConfig",
      name: "mag",
      bucket: "exports",
      filenameRoot: "mag",
      period: "4h",
      outputRegion: "MAG",
      signingKeys: ["a", "b"],
    });
    expect(answer.status).toBe(422);
    expect(await answer.text()).toContain(
      "b has key ID 310 and version v1, as a has: give it another version",
    );
  });

  it("publishes the public keys of those that have not ended, the same in three places", async () => {
    await signingKey("b", "v2");
    await signingKey("a", "v1");
    await signingKey("ended", "v0", { thru: YESTERDAY });
    const answer = await app.fetch("/.well-known/exposure-keys.json");
    const body: unknown = await answer.json();
    const pem = expect.stringContaining("BEGIN PUBLIC KEY");
    expect(body).toEqual({
      keys: [
        { keyId: "310", keyVersion: "v1", publicKey: pem },
        { keyId: "310", keyVersion: "v2", publicKey: pem },
      ],
    });
    expect((await keys("public --json")).out).toBe(`${JSON.stringify(body)}\n`);
    const text = await (await app.fetch("/.well-known/exposure-keys.pem")).text();
    expect((await keys("public")).out).toBe(text);
    expect(text.match(/^# key id 310, version v\d$/gm))
      .toEqual(["# key id 310, version v1", "# key id 310, version v2"]);
  });

  it("publishes the others when one cannot be read, and says which in the log", async () => {
    await signingKey("a", "v1");
    await signingKey("b", "v2");
    const { foundation } = app;
    const broken = {
      ...foundation.keys,
      publicKeyPem: (reference: string) =>
        reference === "local:b"
          ? Promise.reject(new Error("gone"))
          : foundation.keys.publicKeyPem(reference),
    };
    const found = await exposurePublicKeys({ ...foundation, keys: broken });
    expect(found.map(({ version }) => version)).toEqual(["v1"]);
    expect(app.logged.join("\n")).toMatch(/"public-key-unavailable".*"signingKey":"b"/);
  });
});

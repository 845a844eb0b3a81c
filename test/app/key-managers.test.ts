import { randomBytes } from "node:crypto";
import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import { beforeEach, describe, expect, onTestFinished, test } from "vitest";
import { openKeyManagers } from "../../src/app/key-managers.ts";
import { type RewrapDependencies, rewrapLocalKeys } from "../../src/keys/rewrap.ts";
import { startVaultServer, type VaultServer } from "../cloud/support/vault-server.ts";
import { admin, openTestApp, type TestApp } from "../support/app.ts";
import { temporaryFolder } from "../support/command-io.ts";
import { useDatabase } from "../support/database.ts";

const DATA = new TextEncoder().encode("export.bin");
const never = new AbortController().signal;

describe("key managers, put together", () => {
  const database = useDatabase();
  beforeEach(() => database().clear());

  const open = async (settings: Readonly<Record<string, string>> = {}): Promise<TestApp> => {
    const app = await openTestApp(database(), settings);
    onTestFinished(() => app.close());
    return app;
  };
  const vault = async (): Promise<VaultServer> => {
    const server = await startVaultServer();
    onTestFinished(() => server.stop());
    return server;
  };
  const settingsOf = (server: VaultServer) => ({
    VAULT_ADDR: server.url.origin,
    VAULT_TOKEN: "token",
    KEY_MANAGER: "HASHICORP_VAULT",
  });
  const rewrapping = async ({ foundation }: TestApp): Promise<RewrapDependencies> => {
    const { masters, rows, keys } = await openKeyManagers(database(), {
      ...foundation,
      now: foundation.clock.now,
    });
    return { masters, rows, keys, crypto: foundation.crypto, progress: () => {} };
  };

  const publish = async (app: TestApp): Promise<Response> =>
    await app.fetch("/v1/publish", {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({
        temporaryExposureKeys: [{
          key: randomBytes(16).toString("base64"),
          rollingStartNumber: Math.floor(Date.now() / 86_400_000 - 3) * 144,
          rollingPeriod: 144,
          transmissionRisk: 0,
        }],
        healthAuthorityID: "mag",
      }),
    });
  const exposures = async (): Promise<unknown> =>
    (await database().sql`select count(*)::int as count from exposure`)[0]?.["count"];

  test("while the manager of data keys is away, publish answers 503 with Retry-After and stores nothing", async () => {
    const server = await vault();
    server.sealed = true;
    const app = await open({ ...settingsOf(server), REVISION_TOKEN_KEY_ID: "tokens" });
    expect(app.logged.join("\n")).toContain('"event":"revision-keys-unavailable"');
    const body = { regions: ["MAG"], bypassVerification: true, bypassRevisionToken: true };
    expect((await admin(app, "PUT", "/healthAuthorities/mag", body)).status).toBe(201);
    const refused = await publish(app);
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "5"]);
    expect(await refused.json()).toMatchObject({ code: "key_unavailable" });
    expect(await exposures()).toBe(0);
    expect((await app.fetch("/healthz")).status).toBe(200);
    server.sealed = false;
    expect((await publish(app)).status).toBe(200);
    expect(await exposures()).toBe(1);
    server.seen.length = 0;
    for (let more = 0; more < 3; more++) expect((await publish(app)).status).toBe(200);
    expect(server.seen).toEqual([]);
  });

  test("a data key goes on being unwrapped by the key that wrapped it when REVISION_TOKEN_KEY_ID changes", async () => {
    const server = await vault();
    const first = await open({ ...settingsOf(server), REVISION_TOKEN_KEY_ID: "vault:old" });
    expect(first.logged.join("\n")).not.toContain("revision-keys-unavailable");
    const second = await open({ ...settingsOf(server), REVISION_TOKEN_KEY_ID: "local:new" });
    expect(second.logged.join("\n")).not.toContain("revision-keys-unavailable");
    const rows = await database().sql`select wrapped_by from revision_key`;
    expect(rows.map((row) => row["wrapped_by"])).toEqual(["vault:old"]);
  });

  test("rewrap moves every local key, while a server goes on with old and new ones", async () => {
    const server = await vault();
    const running = await open(settingsOf(server));
    const { keys } = running.foundation;
    await keys.create("local:signer", "sign");
    const pem = await keys.publicKeyPem("local:signer");
    await keys.create("vault:master", "encrypt");
    const deps = await rewrapping(running);
    const { moved, master } = await rewrapLocalKeys(deps, "vault:master", never);
    expect(moved).toBeGreaterThanOrEqual(2);
    await keys.sign("local:signer", DATA);
    await keys.create("local:later", "sign");
    const rows = await database().sql`select distinct master from local_key`;
    expect(rows.map((row) => row["master"])).toEqual([master]);
    expect(await rewrapLocalKeys(deps, "vault:master", never)).toEqual({ moved: 0, master });

    // Without the first master key: a folder in which there is none, and nothing set.
    const folder = await temporaryFolder();
    const fresh = await open({ ...settingsOf(server), MASTER_KEY: "", DATA_DIR: folder });
    expect(await fresh.foundation.keys.publicKeyPem("local:signer")).toBe(pem);
  });

  test("rewrap that is stopped leaves all keys usable, and goes on with the same master key", async () => {
    const file = join(await temporaryFolder(), "master.jwk");
    await writeFile(file, JSON.stringify({ kty: "oct", k: randomBytes(32).toString("base64url") }));
    const app = await open();
    const { keys } = app.foundation;
    const names = Array.from({ length: 5 }, (_, index) => `local:key-${index}`);
    for (const name of names) await keys.create(name, "sign");
    const stop = new AbortController();
    const deps = await rewrapping(app);
    const stopping = {
      ...deps,
      rows: {
        ...deps.rows,
        wrappedByOthers: (master: string) => deps.rows.wrappedByOthers(master, 2),
      },
      progress: () => stop.abort(new Error("stopped")),
    };
    await expect(rewrapLocalKeys(stopping, `file:${file}`, stop.signal)).rejects.toThrow("stopped");
    const moved = await database().sql`select name from local_key where master is not null`;
    expect(moved).toHaveLength(2);
    const both = await open();
    for (const name of names) await both.foundation.keys.sign(name, DATA);
    const before = await database().sql`select id from master_key`;
    const { master } = await rewrapLocalKeys(deps, `file:${file}`, never);
    expect(before.map((row) => row["id"])).toEqual([master]);
    const left = await database().sql`select name from local_key where master is null`;
    expect(left).toHaveLength(0);
  });

  test("rewrap refuses a local key and one that is not there", async () => {
    const deps = await rewrapping(await open());
    await expect(rewrapLocalKeys(deps, "local:x", never)).rejects.toMatchObject({
      code: "usage",
      message: '"local:x" is itself wrapped by the master key: name a key of another manager',
    });
    await expect(rewrapLocalKeys(deps, "file:/nowhere", never)).rejects.toMatchObject({
      code: "usage",
      message: expect.stringContaining('"file:/nowhere" does not exist: make it first'),
    });
    expect(await database().sql`select id from master_key`).toHaveLength(0);
  });

  test("FEDERATION_KEY_ID signs tokens for peers, and its key is the one that is published", async () => {
    const server = await vault();
    server.keys.clear();
    const made = await open(settingsOf(server));
    await made.foundation.keys.create("vault:federation", "sign");
    const app = await open({ ...settingsOf(server), FEDERATION_KEY_ID: "vault:federation@1" });
    const { keys } = await (await app.fetch("/.well-known/jwks.json")).json();
    expect(keys).toHaveLength(1);
    const stored = await database().sql`select reference from federation_key`;
    expect(stored.map((row) => row["reference"])).toEqual(["vault:federation@1"]);
  });

  test("references in the reference server's spelling go where only they can, others to KEY_MANAGER", async () => {
    const server = await vault();
    const app = await open(settingsOf(server));
    const { keys } = app.foundation;
    await keys.create("signer", "sign");
    expect(await keys.publicKeyPem("signer@1")).toBe(await keys.publicKeyPem("vault:signer"));
    const places = [
      ["arn:aws:kms:eu-central-1:123456789012:key/x y", "is no key of AWS KMS"],
      ["projects/p/locations/l/keyRings/r/elsewhere", "is no key of Google Cloud KMS"],
      ["https://evil.example/keys/k", "is no key of Azure Key Vault"],
    ] as const;
    for (const [reference, message] of places) {
      await expect(keys.exists(reference)).rejects.toMatchObject({
        code: "key_not_found",
        message: expect.stringContaining(message),
      });
    }
  });
});

import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import { bearerCaller } from "../../src/cloud/bearer-service.ts";
import { vaultCaller } from "../../src/cloud/vault/service.ts";
import { azureSecrets } from "../../src/secrets/azure.ts";
import { cachedSecret } from "../../src/secrets/cached.ts";
import { expandedSecrets } from "../../src/secrets/expanded.ts";
import { filesystemSecrets } from "../../src/secrets/filesystem.ts";
import { googleSecrets } from "../../src/secrets/google.ts";
import type { SecretManager } from "../../src/secrets/secret-manager.ts";
import { vaultSecrets } from "../../src/secrets/vault.ts";
import { testHttp } from "../blob/support/http-options.ts";
import { googleRefusal } from "../cloud/support/gcp-kms-server.ts";
import { startKeyVaultServer } from "../cloud/support/key-vault-server.ts";
import { json, startService } from "../cloud/support/service.ts";
import { startVaultServer } from "../cloud/support/vault-server.ts";
import { temporaryFolder } from "../support/command-io.ts";

const token = { get: () => Promise.resolve("token"), refused: () => false };
const { http } = testHttp({ attempts: 2 });

type Kind = {
  readonly title: string;
  /** A manager that holds `open sesame` below `known`. */
  readonly start: () => Promise<SecretManager>;
  readonly known: string;
  readonly missing: string;
  readonly malformed: string;
};

const KINDS: readonly Kind[] = [
  {
    title: "FILESYSTEM",
    start: async () => {
      const root = await temporaryFolder();
      await mkdir(join(root, "wayfarer"));
      await writeFile(join(root, "wayfarer", "known"), "open sesame\n");
      return filesystemSecrets(root);
    },
    known: "wayfarer/known",
    missing: "wayfarer/nobody",
    malformed: "../etc/passwd",
  },
  {
    title: "HASHICORP_VAULT",
    start: async () => {
      const server = await startVaultServer();
      onTestFinished(() => server.stop());
      server.secrets.set("known", [{ value: "before" }, { value: "open sesame" }]);
      const bearer = () => Promise.resolve("token");
      const settings = { address: server.url, token: bearer, transit: "transit" };
      return vaultSecrets(vaultCaller(settings, http));
    },
    known: "secret/data/known",
    missing: "secret/data/nobody",
    malformed: "secret/../sys/seal",
  },
  {
    title: "GOOGLE_SECRET_MANAGER",
    start: async () => {
      const server = await startService((request) => {
        if (request.headers.get("authorization") !== "Bearer token") {
          return googleRefusal("UNAUTHENTICATED");
        }
        const { pathname } = new URL(request.url);
        return pathname === "/v1/projects/p/secrets/known/versions/latest:access"
          ? json({ payload: { data: Buffer.from("open sesame").toString("base64") } })
          : googleRefusal("NOT_FOUND");
      });
      onTestFinished(() => server.stop());
      return googleSecrets({ call: bearerCaller(token, http), endpoint: server.url });
    },
    known: "projects/p/secrets/known",
    missing: "projects/p/secrets/known/versions/7",
    malformed: "known",
  },
  {
    title: "AZURE_KEY_VAULT",
    start: async () => {
      const server = await startKeyVaultServer();
      onTestFinished(() => server.stop());
      server.secrets.set("known", [{ id: "1", value: "before" }, {
        id: "2",
        value: "open sesame",
      }]);
      return azureSecrets({ tokens: () => token, http, keyVault: server.url });
    },
    known: "vault/known",
    missing: "vault/known/3",
    malformed: "known",
  },
];

describe.each(KINDS)("$title", ({ start, known, missing, malformed }) => {
  test("reads a secret as text", async () => {
    expect(await (await start()).read(known)).toBe("open sesame");
  });

  test("names a secret that is not there, and one that cannot be a name", async () => {
    const manager = await start();
    for (const name of [missing, malformed]) {
      await expect(manager.read(name)).rejects.toMatchObject({
        code: "secret_unavailable",
        message: expect.stringContaining(`the secret ${JSON.stringify(name)} `),
      });
    }
  });
});

test("SECRET_EXPANSION reads a member of a secret that is JSON", async () => {
  const texts = new Map([["db", '{"user":{"name":"w","password":"p"}}'], ["plain", "text"]]);
  const manager = expandedSecrets({
    read: (name) => Promise.resolve(texts.get(name) ?? ""),
  });
  expect(await manager.read("db.user.password")).toBe("p");
  expect(await manager.read("plain")).toBe("text");
  for (const name of ["db.user", "db.user.constructor", "plain.member"]) {
    await expect(manager.read(name)).rejects.toMatchObject({
      code: "secret_unavailable",
      message:
        `the secret "${name}" has no such member with text in it: check the name and the JSON`,
    });
  }
});

test("a cached secret is read again after its time, and stays in use while its manager is away", async () => {
  const clock = { ms: 0 };
  const failures: unknown[] = [];
  let reads = 0;
  let answer = (): Promise<string> => Promise.resolve(`value ${++reads}`);
  const secret = await cachedSecret({ read: () => answer() }, "s", {
    ttlMs: 300_000,
    nowMs: () => clock.ms,
    failed: (error) => failures.push(error),
  });
  expect([secret.first, await secret.current()]).toEqual(["value 1", "value 1"]);
  clock.ms = 299_999;
  expect(await secret.current()).toBe("value 1");
  clock.ms = 300_000;
  expect(await Promise.all([secret.current(), secret.current()])).toEqual(["value 2", "value 2"]);
  clock.ms = 600_000;
  answer = () => Promise.reject(new Error("away"));
  expect(await secret.current()).toBe("value 2");
  expect(await secret.current()).toBe("value 2");
  expect(failures).toHaveLength(1);
  answer = () => Promise.resolve("value 3");
  clock.ms = 610_000;
  expect(await secret.current()).toBe("value 3");
});

import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, it } from "vitest";
import { configCommand } from "../../src/cli/config.ts";
import { runCommand, temporaryFolder } from "../support/command-io.ts";
import { CLIENT } from "../runtime/certificates.ts";
import type { SettingShown } from "../../src/config/environment.ts";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const ROW = /^\| `([A-Z][A-Z0-9_]*)` +\| (?:`([^`]*)`|none) +\| .+ \|$/gm;

/** Together they make the program show every setting that it has. */
const ENVIRONMENTS: readonly Readonly<Record<string, string>>[] = [
  {},
  // Any file that can be read will do.
  {
    TLS_CERT_FILE: "package.json",
    TLS_KEY_FILE: "package.json",
    TLS_CLIENT_CA_FILE: "package.json",
  },
  {
    CONSOLE_HOST: "127.0.0.1",
    CONSOLE_PORT: "8081",
    CONSOLE_URL: "https://console.example",
    OIDC_ISSUER: "https://login.example",
    OIDC_CLIENT_ID: "wayfarer",
    OIDC_CLIENT_SECRET: "x",
    OIDC_NAME: "Login",
  },
  { DB_HOST: "db.example", DB_PASSWORD: "x" },
  { EFGS_TRUSTED_PROXIES: "127.0.0.1" },
  { BACKUP_TO: "age1ql3z7hjy54pw3hyww5ayyfg7zqgvc7w3j2elw8zmrj2kg5sfn9aqmcac8p" },
  {
    DATABASE_URL: "postgres://db.example/main",
    ADMIN_TOKEN: "x",
    METRICS_TOKEN: "x",
    MASTER_KEY: "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=",
    DEFAULT_REGION: "MAG",
  },
  {
    BLOBSTORE: "s3",
    AWS_ENDPOINT_URL_S3: "https://s3.example",
    AWS_ACCESS_KEY_ID: "x",
    AWS_SECRET_ACCESS_KEY: "x",
    AWS_SESSION_TOKEN: "x",
  },
  { BLOBSTORE: "s3", AWS_SHARED_CREDENTIALS_FILE: "/run/secrets/s3" },
  {
    BLOBSTORE: "azure",
    AZURE_STORAGE_ACCOUNT: "x",
    AZURE_STORAGE_ACCESS_KEY: "eHh4eA==",
    AZURE_STORAGE_BLOB_ENDPOINT: "https://azure.example",
  },
  {
    BLOBSTORE: "azure",
    AZURE_STORAGE_ACCOUNT: "x",
    AZURE_STORAGE_CREDENTIALS_FILE: "/run/secrets/azure",
  },
  {
    AWS_WEB_IDENTITY_TOKEN_FILE: "/run/secrets/token",
    AWS_ROLE_ARN: "arn:aws:iam::123456789012:role/wayfarer",
    AWS_ENDPOINT_URL_STS: "https://sts.example",
    AWS_ENDPOINT_URL_KMS: "https://kms.example",
    AWS_ENDPOINT_URL_SECRETS_MANAGER: "https://secrets.example",
    GOOGLE_APPLICATION_CREDENTIALS: "/run/secrets/google.json",
    AZURE_CLIENT_ID: "x",
    AZURE_TENANT_ID: "x",
    AZURE_FEDERATED_TOKEN_FILE: "/run/secrets/token",
    AZURE_CLIENT_SECRET: "x",
    AZURE_KEY_VAULT_URL: "https://vault.example",
    VAULT_ADDR: "https://vault.example",
    VAULT_TOKEN: "x",
    VAULT_NAMESPACE: "x",
    KEY_FILESYSTEM_ROOT: "/run/secrets/keys",
    FEDERATION_KEY_ID: "vault:federation@1",
    PKCS11_MODULE: "/usr/lib/softhsm/libsofthsm2.so",
    PKCS11_PIN: "x",
  },
  {
    AWS_CONTAINER_CREDENTIALS_FULL_URI: "http://169.254.170.23/v1/credentials",
    AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE: "/run/secrets/token",
    IDENTITY_ENDPOINT: "http://localhost:42356/msi/token",
    IDENTITY_HEADER: "x",
  },
  {
    AWS_CONTAINER_CREDENTIALS_RELATIVE_URI: "/v2/credentials/x",
    AWS_CONTAINER_AUTHORIZATION_TOKEN: "x",
  },
];

/** Name to default; undefined where the table says `none`. */
async function documented(): Promise<ReadonlyMap<string, string | undefined>> {
  const text = await readFile(join(ROOT, "docs/operators.md"), "utf8");
  const rows = [...text.matchAll(ROW)].map(([, name = "", value]) => [name, value] as const);
  expect(new Set(rows.map(([name]) => name)).size).toBe(rows.length);
  return new Map(rows);
}

async function shownIn(env: Readonly<Record<string, string>>): Promise<readonly SettingShown[]> {
  const { status, out } = await runCommand(configCommand, [], { env, json: true });
  expect(status).toBe(0);
  return JSON.parse(out.join(""));
}

/** Those of every environment, and the one that needs a certificate and its key. */
async function allShown(): Promise<readonly SettingShown[]> {
  const folder = await temporaryFolder();
  const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
  await writeFile(cert, CLIENT.cert);
  await writeFile(key, CLIENT.key);
  const identity = {
    TLS_CLIENT_CERT_FILE: cert,
    TLS_CLIENT_KEY_FILE: key,
    DB_HOST: "db.example",
    DB_SSLROOTCERT: cert,
    DB_SSLCERT: cert,
    DB_SSLKEY: key,
  };
  return (await Promise.all([...ENVIRONMENTS, identity].map(shownIn))).flat();
}

describe("the settings of docs/operators.md", () => {
  it("are those that the program shows, no more and no fewer", async () => {
    const shown = (await allShown()).map(({ name }) => name);
    expect([...(await documented()).keys()].sort()).toEqual([...new Set(shown)].sort());
  });

  it("have the defaults that the program has", async () => {
    const table = await documented();
    const shown = await allShown();
    const defaults = new Map(
      shown.filter(({ from }) => from === "default").map(({ name, value }) => [name, value]),
    );
    for (const [name, value] of table) {
      expect({ name, value }).toEqual({ name, value: defaults.get(name) });
    }
  });

  it("are all that the sources of the configuration name", async () => {
    const folder = join(ROOT, "src/config");
    const table = await documented();
    for (const file of await readdir(folder)) {
      const source = await readFile(join(folder, file), "utf8");
      for (const [, name = ""] of source.matchAll(/"([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*)"/g)) {
        expect(table.has(name), `${file} names ${name}`).toBe(true);
      }
    }
  });
});

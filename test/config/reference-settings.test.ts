import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readConfiguration } from "../../src/config/config.ts";
import { REFERENCE_SETTINGS, referenceSettingsPage } from "../../src/config/reference-settings.ts";
import { parseDuration } from "../../src/model/duration.ts";
import { CLIENT } from "../runtime/certificates.ts";
import { runHere } from "../support/command-line.ts";
import { temporaryFolder } from "../support/command-io.ts";

const LIST = new URL("../vectors/reference-settings.tsv", import.meta.url);

const refusalOf = (env: Readonly<Record<string, string>>): string => {
  try {
    readConfiguration(env);
    return "";
  } catch (error) {
    return error instanceof Error ? error.message : "";
  }
};
const warningsOf = (env: Readonly<Record<string, string>>) => readConfiguration(env).warnings;

describe("the settings of the reference server", () => {
  it("are all in the table, and no others", async () => {
    const [, ...rows] = (await readFile(LIST, "utf8")).trimEnd().split("\n");
    expect(Object.keys(REFERENCE_SETTINGS).sort())
      .toEqual(rows.map((row) => row.split("\t")[0]).sort());
  });

  it("are documented as the table has them", async () => {
    await expect(referenceSettingsPage()).toMatchFileSnapshot("../../docs/reference-settings.md");
  });

  it("have an effect, a warning, or refuse the start: none is ignored", () => {
    for (const [name, fate] of Object.entries(REFERENCE_SETTINGS)) {
      const told = [
        refusalOf({ [name]: "?" }),
        ...refusalOf({ [name]: "?" }) === "" ? warningsOf({ [name]: "?" }) : [],
      ]
        .join("\n");
      if (fate.kind === "none" || fate.kind === "refused") {
        expect(told, name).toContain(fate.reason);
      }
      if (fate.kind === "renamed") expect(told, name).toContain(name);
    }
  });

  it("refuse the start when safety counts on them, all at once", () => {
    const text = refusalOf({
      TLS_SKIP_VERIFY: "true",
      ALLOW_ANY_CLIENT: "T",
      PORT: "x",
      MASTER_KEY: "zzz",
    });
    for (const name of ["TLS_SKIP_VERIFY", "ALLOW_ANY_CLIENT", "PORT", "MASTER_KEY"]) {
      expect(text).toMatch(new RegExp(`^${name} `, "m"));
    }
    expect(refusalOf({ TLS_SKIP_VERIFY: "0", ALLOW_ANY_CLIENT: "false" })).toBe("");
  });

  it("are asked about when a name is nearly one of ours", () => {
    expect(
      warningsOf({
        ADMIN_TOKN: "x",
        HOME: "/root",
        PATH: "/bin",
        LOGNAME: "me",
        SSL_CERT_FILE: "/ca",
      }),
    )
      .toEqual(["ADMIN_TOKN is not a setting: did you mean ADMIN_TOKEN?"]);
    expect(refusalOf({ ADMIN_TOKN: "x", SETTINGS_STRICT: "T" })).toContain("ADMIN_TOKEN?");
  });

  it("are listed by config check", async () => {
    expect(await runHere(["config", "check"])).toMatchObject({ status: 0 });
    const { status, out } = await runHere(["config", "check"], { MAX_WORKERS: "9" });
    expect(status).toBe(1);
    expect(out).toContain("MAX_WORKERS has no effect");
  });

  it("may be written as in Go", () => {
    const { config } = readConfiguration({ LOG_LEVEL: "WARNING", PEER_ALLOW_PRIVATE: "t" });
    expect(config).toMatchObject({ logLevel: "warn", peerAllowPrivate: true });
    expect(["1h0m0.5s", ".5s", "1.s", "1000us", "2000000ns", "3\u00b5s"].map(parseDuration))
      .toEqual([3_600_500, 500, 1000, 1, 2, 0.003]);
  });

  it("about TLS towards the database count for parts and for a URL", async () => {
    const folder = await temporaryFolder();
    const [cert, key] = [join(folder, "cert.pem"), join(folder, "key.pem")];
    await writeFile(cert, CLIENT.cert);
    await writeFile(key, CLIENT.key);
    const files = {
      DB_SSLROOTCERT: cert,
      DB_SSLCERT: cert,
      DB_SSLKEY: key,
      DB_CONNECT_TIMEOUT: "3",
    };
    for (
      const place of [{ DB_HOST: "db.example" }, { DATABASE_URL: "postgres://me@db.example/main" }]
    ) {
      const { config } = readConfiguration({
        ...place,
        ...files,
        DB_SSLMODE: "verify-full",
        DB_PASSWORD: "p/w",
      });
      expect(config.databaseUrl).toContain("sslmode=verify-full");
      expect(config.databaseUrl).toContain("p%2Fw");
      expect(config.databaseReach).toMatchObject({
        tls: { ca: CLIENT.cert, cert: CLIENT.cert, key: CLIENT.key, verify: "name" },
        pool: { connectTimeoutSeconds: 3 },
      });
    }
    expect(readConfiguration({ DB_HOST: "db.example", ...files }).config.databaseReach.tls?.verify)
      .toBe("chain");
    expect(refusalOf({ DB_HOST: "db.example", DB_SSLCERT: cert })).toContain(
      "DB_SSLKEY must be set together",
    );
    expect(refusalOf({ DB_HOST: "db.example", ...files, DB_SSLMODE: "disable" })).toContain(
      "verify-full",
    );
    expect(warningsOf({ DATABASE_URL: "postgres://x@db.example/main", DB_USER: "me" }))
      .toEqual([expect.stringContaining("DB_USER has no effect")]);
  });
});

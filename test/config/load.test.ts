import { rename, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { configCommand } from "../../src/cli/config.ts";
import { loadConfiguration } from "../../src/config/load.ts";
import { runCommand, temporaryFolder } from "../support/command-io.ts";

async function secretsFolder(): Promise<string> {
  const folder = await temporaryFolder();
  await writeFile(join(folder, "admin"), "first token\n");
  await writeFile(join(folder, "db"), "postgres://w:p%40ss@db.example/main");
  await writeFile(join(folder, "port"), "9001");
  return folder;
}

const settingsOf = (folder: string) => ({
  SECRET_MANAGER: "FILESYSTEM",
  SECRET_FILESYSTEM_ROOT: folder,
  SECRET_CACHE_TTL: "1m",
  ADMIN_TOKEN: "secret://admin",
  DATABASE_URL: "secret://db",
  PORT: "secret://port",
});

describe("loadConfiguration()", () => {
  test("puts secrets in the place of secret://NAME in any setting, and reads them again", async () => {
    const folder = await secretsFolder();
    const clock = { ms: 0 };
    const { config, secrets } = await loadConfiguration(settingsOf(folder), {
      nowMs: () => clock.ms,
    });
    expect(config).toMatchObject({
      port: 9001,
      databaseUrl: "postgres://w:p%40ss@db.example/main",
    });
    expect(await config.databasePassword?.()).toBe("p@ss");
    expect(await secrets.adminToken()).toBe("first token");
    await writeFile(join(folder, "new"), "second token");
    await rename(join(folder, "new"), join(folder, "admin"));
    expect(await secrets.adminToken()).toBe("first token");
    clock.ms = 60_000;
    expect(await secrets.adminToken()).toBe("second token");
  });

  test("shows none of them", async () => {
    const env = settingsOf(await secretsFolder());
    const { out } = await runCommand(configCommand, [], { env });
    const text = out.join("\n");
    for (const name of ["ADMIN_TOKEN", "DATABASE_URL", "PORT"]) {
      expect(text).toContain(`${name}=***  # secret manager`);
    }
    expect(text).not.toMatch(/first token|p%40ss/);
  });

  test("makes a private file of secret://NAME?target=file", async () => {
    const folder = await secretsFolder();
    const directory = join(folder, "made");
    const { secrets } = await loadConfiguration({
      ...settingsOf(folder),
      SECRETS_DIR: directory,
      ADMIN_TOKEN: "",
      ADMIN_TOKEN_FILE: "secret://admin?target=file",
    });
    expect(await secrets.adminToken()).toBe("first token");
    expect((await stat(directory)).mode & 0o777).toBe(0o700);
    const below = join(folder, "admin", "below-a-file");
    const refused = loadConfiguration({
      ...settingsOf(folder),
      SECRETS_DIR: below,
      PORT: "secret://port?target=file",
    });
    await expect(refused).rejects.toMatchObject({
      code: "secret_unavailable",
      message: expect.stringContaining(`PORT: no file can be made in SECRETS_DIR ${below}: give`),
    });
  });

  test("tells all secrets that cannot be read, and a missing manager, by the names of the settings", async () => {
    const folder = await temporaryFolder();
    await expect(loadConfiguration(settingsOf(folder))).rejects.toMatchObject({
      code: "secret_unavailable",
      message: expect.stringMatching(
        /^ADMIN_TOKEN: the secret "admin" cannot be read .+\nDATABASE_URL: .+\nPORT: the secret "port" /,
      ),
    });
    await expect(loadConfiguration({ ADMIN_TOKEN: "secret://x" })).rejects.toMatchObject({
      code: "invalid_configuration",
      message:
        "SECRET_MANAGER must name a manager for the settings that begin with secret://: ADMIN_TOKEN",
    });
  });
});

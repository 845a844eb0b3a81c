import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { AppError } from "../../src/errors.ts";
import { readConfiguration } from "../../src/config/config.ts";
import { type Environment, EnvironmentReader } from "../../src/config/environment.ts";

const secretFile = async (text: string) => {
  const folder = await mkdtemp(join(tmpdir(), "wayfarer-secret-"));
  onTestFinished(() => rm(folder, { recursive: true }));
  const path = join(folder, "secret");
  await writeFile(path, text);
  return path;
};

describe("a secret", () => {
  it("is read again from its file each time it is asked for", async () => {
    const path = await secretFile("one\n");
    const read = new EnvironmentReader({ ADMIN_TOKEN_FILE: path });
    const secret = read.secret("ADMIN_TOKEN");
    expect(await secret()).toBe("one");
    await writeFile(path, "two\n");
    expect(await secret()).toBe("two");
    expect(read.shown).toEqual([{ name: "ADMIN_TOKEN", value: "***", from: "file" }]);
  });

  it("is given in one way, and in a file that is there", async () => {
    const both = new EnvironmentReader({ A: "x", A_FILE: await secretFile("y") });
    both.secret("A");
    expect(both.faults).toHaveLength(1);
    expect(both.faults[0]).toContain("A is set together with A_FILE: set one of them");
    const none = new EnvironmentReader({ A_FILE: "/nowhere/at/all" });
    none.secret("A");
    expect(none.faults).toHaveLength(1);
    expect(none.faults[0]).toContain("A_FILE names a file that cannot be read");
  });
});

describe("the reference server's DB_ settings", () => {
  const urlOf = (environment: Environment) => readConfiguration(environment).config.databaseUrl;

  it("make a URL", async () => {
    expect(urlOf({})).toBeUndefined();
    expect(urlOf({ DB_HOST: "db.example" })).toBe(
      "postgres://postgres@db.example:5432/main?sslmode=require",
    );
    expect(urlOf({
      DB_HOST: "10.0.0.7",
      DB_PORT: "6432",
      DB_NAME: "a/b",
      DB_USER: "us:er",
      DB_PASSWORD_FILE: await secretFile("p@ss/w?rd\n"),
      DB_SSLMODE: "disable",
    })).toBe("postgres://us%3Aer:p%40ss%2Fw%3Frd@10.0.0.7:6432/a%2Fb?sslmode=disable");
    expect(urlOf({ DB_HOST: "db.example", DATABASE_URL: "postgres://other/x" }))
      .toBe("postgres://other/x");
  });

  it.each(["/var/run/postgresql", "::1", "a:5433", "user@host"])(
    "refuse the host %s, rather than reach another",
    (host) => {
      let thrown: unknown;
      try {
        urlOf({ DB_HOST: host });
      } catch (error) {
        thrown = error;
      }
      expect(thrown).toBeInstanceOf(AppError);
      expect(thrown).toMatchObject({
        code: "invalid_configuration",
        message: expect.stringContaining("DB_HOST must be a host name or an IPv4 address"),
      });
    },
  );
});

import process from "node:process";
import { describe, expect, inject, it, onTestFinished } from "vitest";
import { explainFullDisk } from "../../src/app/full-disk.ts";
import { commandNamed } from "../../src/cli/help.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { admin, openTestApp } from "../support/app.ts";
import { runCommand } from "../support/command-io.ts";
import { databaseSettings, useDatabase } from "../support/database.ts";
import { temporaryFolder } from "../support/program.ts";

const CONFIG = { dataDirectory: "./data" };

describe("a database whose disk is full", () => {
  const database = useDatabase();

  /** PostgreSQL's own error at each row that is written to the table. */
  const fill = async (table: string): Promise<void> => {
    await database().bulk.unsafe(`
      create or replace function disk_full() returns trigger language plpgsql as $$
        begin raise exception 'could not extend file' using errcode = '53100'; end $$;
      create trigger disk_full before insert on ${table} execute function disk_full()`);
    onTestFinished(async () => {
      await database().bulk.unsafe(`drop trigger disk_full on ${table}`);
    });
  };
  const writeJob = async (): Promise<unknown> =>
    await database().sql`insert into job_run default values`.catch((error: unknown) => error);

  it("is told by a command with the cure", async () => {
    await fill("local_key");
    const { DATABASE_URL = "", ...driver } = databaseSettings(database().address);
    Object.assign(process.env, driver);
    const { error } = await runCommand(commandNamed(COMMANDS, "keys"), [
      "create",
      "local:mag-signer",
    ], { env: { DATABASE_URL, DATA_DIR: await temporaryFolder() } });
    expect(error).toMatchObject({ code: "database_unavailable" });
    expect(error?.message).toContain("the disk of the PostgreSQL that DATABASE_URL names is full");
    expect(error?.message).toContain("psql -c 'show data_directory'");
  });

  it("is told with path and owner where the database is the embedded one", async () => {
    await fill("job_run");
    const folder = await temporaryFolder();
    const address = { kind: "socket", folder, user: "", password: "", database: "" } as const;
    const cause = await writeJob();
    expect(await explainFullDisk(cause, address, CONFIG)).toMatchObject({
      code: "database_unavailable",
      message: expect.stringMatching(
        new RegExp(`^the disk that holds ${folder}, which belongs to .*"df -h ${folder}"`),
      ),
    });
    const other = new Error("another");
    expect(await explainFullDisk(other, address, CONFIG)).toBe(other);
  });

  it("is told by readyz, by the answer, and by the log of the server, once", async () => {
    await database().clear();
    const app = await openTestApp(database());
    onTestFinished(() => app.close());
    await fill("fact");
    await fill("resource");
    const ready = await app.fetch("/readyz");
    expect(ready.status).toBe(503);
    expect(await ready.json()).toMatchObject({
      reasons: { database: "the disk of the database is full" },
    });
    for (const name of ["a", "b"]) {
      const answer = await admin(app, "PUT", `/issuers/${name}`, { issuer: name, audience: "key" });
      expect(answer.status).toBe(503);
      expect(await answer.json()).toMatchObject({ code: "database_unavailable" });
    }
    const told = () => app.logged.filter((line) => line.includes('"event":"database-disk-full"'));
    await expect.poll(told, { timeout: 20_000 }).toHaveLength(1);
    expect(told()[0]).toContain(
      inject("cluster").kind === "socket" ? "df -h" : "show data_directory",
    );
  });
});

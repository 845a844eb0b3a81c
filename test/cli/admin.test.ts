import { writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";
import { beforeEach, describe, expect, it } from "vitest";
import { adminCommand } from "../../src/cli/admin.ts";
import { auditCommand } from "../../src/cli/audit.ts";
import { tokenCommand } from "../../src/cli/token.ts";
import { whereCommand } from "../../src/cli/where.ts";
import type { Command } from "../../src/cli/command.ts";
import { runCommand, temporaryFolder } from "../support/command-io.ts";
import { databaseSettings, useDatabase } from "../support/database.ts";
import { insertExposures } from "../support/exposure-rows.ts";

describe("commands of the console", () => {
  const database = useDatabase();
  beforeEach(() => database().clear());

  const run = async (command: Command, args: readonly string[], json = false) => {
    const { DATABASE_URL = "", ...driver } = databaseSettings(database().address);
    Object.assign(process.env, driver);
    const DATA_DIR = await temporaryFolder();
    const env = {
      DATABASE_URL,
      DATA_DIR,
      MASTER_KEY: "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=",
    };
    return await runCommand(command, args, { env, json });
  };

  it("prints a link that is kept as a hash", async () => {
    const { status, out } = await run(adminCommand, ["login", "--role", "viewer", "--as", "night"]);
    expect(status).toBe(0);
    const [, link = ""] = /^http:\/\/127\.0\.0\.1:8080\/console\/sign-in\?link=([\w-]{43})$/.exec(
      out[0] ?? "",
    ) ?? [];
    expect(link).not.toBe("");
    const kept = await database().sql`select * from sign_in_link`;
    expect(kept).toMatchObject([{ name: "night", role: "viewer", used_at: null }]);
    expect(JSON.stringify(kept)).not.toContain(link);
  });

  it.each<[Command, readonly string[], string]>([
    [adminCommand, ["login", "--role", "king"], "--role must be one of viewer, operator, admin"],
    [adminCommand, ["logout"], "say --all"],
    [tokenCommand, ["create", "x", "--role", "admin", "--expires", "soon"], "--expires must be"],
    [tokenCommand, ["create", "x"], "--role is missing"],
    [auditCommand, ["--since", "yesterday"], "since must be a time"],
    [auditCommand, ["mend"], 'only "verify" is known'],
  ])("refuses %o %j", async (command, args, message) => {
    const { error } = await run(command, args);
    expect(error?.message).toContain(message);
  });

  it("makes, lists and revokes tokens, each noted in the audit log with who did it", async () => {
    const made = await run(tokenCommand, [
      "create",
      "backup",
      "--role",
      "operator",
      "--expires",
      "90d",
    ]);
    expect(made.out[0]).toMatch(/^wayfarer_[\w-]{43}$/);
    expect((await run(tokenCommand, ["list"])).out[0]).toMatch(/^backup {2}operator {2}expires 2/);
    expect((await run(tokenCommand, ["revoke", "backup"])).status).toBe(0);
    expect((await run(tokenCommand, ["revoke", "backup"])).error?.code).toBe("not_found");
    const { out } = await run(auditCommand, ["--kind", "Token"], true);
    const rows = out.map((line) => JSON.parse(line));
    expect(rows.map(({ action, via }) => [action, via])).toEqual([
      ["revoke", "cli"],
      ["create", "cli"],
    ]);
    expect(rows[0].subject).toMatch(/^cli:.+@.+$/);
    expect((await run(auditCommand, ["verify"])).out).toEqual(["2 rows, 1 to 2: unchanged"]);
  });

  it("ends with status 1 when the audit log was changed", async () => {
    await run(tokenCommand, ["create", "backup", "--role", "viewer"]);
    await database().sql.unsafe(
      `alter table audit_log disable trigger user; update audit_log set actor = 'x';
       alter table audit_log enable trigger user`,
    );
    const { status, out } = await run(auditCommand, ["verify"]);
    expect(status).toBe(1);
    expect(out[0]).toContain("row 1 is not what was written");
  });

  it("tells where keys are, and notes that somebody asked without saying for what", async () => {
    await insertExposures(database(), [{ key: new Uint8Array(16).fill(1), created_at: 3600 }]);
    const file = join(await temporaryFolder(), "keys.txt");
    await writeFile(file, `${"01".repeat(16)}\nfheJiBJDfiILuLFFFd28Iw==`);
    const { status, out } = await run(whereCommand, [file], true);
    expect(status).toBe(1);
    expect(JSON.parse(out[0] ?? "")).toMatchObject([
      { here: true, key: "AQEBAQEBAQEBAQEBAQEBAQ==", state: "held back", window: 3600 },
      { here: false, key: "fheJiBJDfiILuLFFFd28Iw==" },
    ]);
    const log = await database().sql`select * from audit_log`;
    expect(log).toMatchObject([{ action: "look", kind: "Key", name: "2 keys" }]);
    expect(JSON.stringify(log)).not.toMatch(/AQEB|0101|fheJ/);
  });
});

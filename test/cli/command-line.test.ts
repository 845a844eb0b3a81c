import { spawnSync } from "node:child_process";
import { describe, expect, it } from "vitest";
import manifest from "../../package.json" with { type: "json" };
import { COMMANDS } from "../../src/cli/commands.ts";
import { runHere } from "../support/command-line.ts";

describe("the command line", () => {
  it("tells a command that does not exist, and the one that was meant, as text and as JSON", async () => {
    const text = await runHere(["aply"]);
    expect(text).toMatchObject({ status: 2, out: "" });
    expect(text.err).toBe(
      'wayfarer: there is no command "aply": did you mean "apply"? "wayfarer help" lists them\n',
    );
    for (const args of [["tea", "--json"], ["--json", "tea"], ["help", "tea", "--json"]]) {
      const { status, err } = await runHere(args);
      expect(status).toBe(2);
      expect(JSON.parse(err)).toEqual({
        error: 'there is no command "tea": "wayfarer help" lists them',
        code: "usage",
      });
    }
  });

  it("prints its version", async () => {
    const { out } = await runHere(["version", "--json"]);
    expect(JSON.parse(out)).toMatchObject({ version: manifest.version });
    expect((await runHere(["--version"])).out).toContain(`wayfarer ${manifest.version}`);
  });

  it("explains each command and subcommand, with an example", async () => {
    for (const command of COMMANDS) {
      const { status, out } = await runHere(["help", command.name]);
      expect(status).toBe(0);
      expect(out, command.name).toMatch(/Example:|example/);
      expect((await runHere([command.name, "--help"])).out).toBe(out);
      for (const inner of command.subcommands ?? []) {
        const told = await runHere(["help", command.name, inner.name]);
        expect(told.out).toContain(`wayfarer ${command.name} ${inner.name}: ${inner.summary}`);
      }
    }
    expect((await runHere([])).out).toBe((await runHere(["help"])).out);
    expect((await runHere(["help", "job"])).out).toContain("rotate-keys");
  });

  it.each([
    [["serve", "--role", "jobs"], "there is no option --role: did you mean --roles?"],
    [["serve", "--roles"], "--roles needs a value: write --roles VALUE"],
    [["migrate", "--check=yes"], '--check takes no value: leave "=yes" out'],
    [["migrate", "now"], '"now" is one argument too many: leave it out'],
    [["apply"], "an argument is missing: give a YAML or JSON file"],
    [["completion", "csh"], "there is no completion for csh: give one of bash, zsh, fish"],
    [["get", "ExportConfg"], "KIND ExportConfg: must be one of Issuer"],
  ])("names the mistake and the cure: %j", async (args, message) => {
    const { status, err } = await runHere(args);
    expect(status).toBe(2);
    expect(err).toContain(message);
  });

  it.each(["bash", "zsh", "fish"])(
    "completes commands, options, kinds and jobs in %s",
    async (shell) => {
      const { out } = await runHere(["completion", shell]);
      for (const { name } of COMMANDS) expect(out).toContain(name);
      for (const word of ["--prune", "ExportConfig", "rotate-keys", "verify"]) {
        expect(out).toContain(word);
      }
      const checked = spawnSync(shell, ["-n"], { input: out, encoding: "utf8" });
      if (checked.error === undefined) expect(checked).toMatchObject({ status: 0, stderr: "" });
    },
  );

  it("completes in bash as a person would see it", async () => {
    const { out } = await runHere(["completion", "bash"]);
    const script =
      `${out}\nCOMP_WORDS=(wayfarer job ref); COMP_CWORD=2; _wayfarer; echo "\${COMPREPLY[@]}"`;
    const { stdout } = spawnSync("bash", ["-c", script], { encoding: "utf8" });
    expect(stdout.trim().split(" ").sort()).toEqual(["refresh-jwks"]);
  });
});

import type { Command } from "../../../src/cli/command.ts";
import { COMMANDS } from "../../../src/cli/commands.ts";

/** Each command and subcommand by its words. */
export function commandsByName(): ReadonlyMap<string, Command> {
  return new Map(
    COMMANDS.flatMap((command) => [
      [command.name, command] as const,
      ...(command.subcommands ?? []).map((inner) =>
        [`${command.name} ${inner.name}`, inner] as const
      ),
    ]),
  );
}

/** The commands below "Example" in the help of every command, in its order, each once. */
export function examples(): readonly string[] {
  const found = COMMANDS.flatMap(({ usage }) =>
    [...usage.matchAll(/^Examples?:\n((?: {2}.*\n?)+)/gm)].flatMap(([, lines = ""]) =>
      lines.split("\n").map((line) => line.trim()).filter((line) => line !== "")
    )
  );
  return [...new Set(found)];
}

/**
 * What is wrong with a mention of the program, such as `wayfarer keys create --encrypt REFERENCE`: a command, subcommand or
 * option that does not exist. Undefined when nothing is.
 */
export function mistakeIn(mention: string): string | undefined {
  const [, ...words] = mention.split(/\s+/);
  const [name = "", sub = ""] = words;
  const byName = commandsByName();
  if (name === "COMMAND") return undefined;
  const command = byName.get(name);
  if (command === undefined) return `there is no command "${name}"`;
  const names = command.subcommands?.map((inner) => inner.name);
  if (names !== undefined && /^[a-z]/.test(sub) && !names.includes(sub)) {
    return `there is no "${name} ${sub}"`;
  }
  const { usage } = byName.get(`${name} ${sub}`) ?? command;
  const options = words.map((word) => word.split("=")[0] ?? "").filter((word) =>
    /^--[a-z]/.test(word)
  );
  const unknown = options.find((option) =>
    !["--help", "--json"].includes(option) && !new RegExp(`${option}\\b`).test(usage)
  );
  return unknown === undefined ? undefined : `"${name}" has no option ${unknown}`;
}

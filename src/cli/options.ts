import { parseArgs, type ParseArgsConfig } from "node:util";
import { accept, type Outcome, refuse } from "../errors.ts";

/** Options by their long names, as node:util's parseArgs takes them. */
export type OptionSpec = NonNullable<ParseArgsConfig["options"]>;

/** Values of the options, each of the type that its row says. */
export type OptionValues<S extends OptionSpec> = {
  readonly [Name in keyof S]?: S[Name] extends { type: "boolean" } ? boolean
    : S[Name] extends { multiple: true } ? readonly string[]
    : string;
};

/** How many arguments beside options a command takes. */
export type Positionals = "none" | "some" | "any";

/** Options and other arguments; a mistake is refused with `usage`, naming the option and the cure. */
export function parseOptions<const S extends OptionSpec>(
  args: readonly string[],
  options: S,
  { positionals = "none" }: { readonly positionals?: Positionals } = {},
): Outcome<{ readonly values: OptionValues<S>; readonly positionals: readonly string[] }> {
  try {
    const parsed = parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
    if (positionals === "none" && parsed.positionals.length > 0) {
      return refuse("usage", `"${parsed.positionals[0]}" is one argument too many; see --help`);
    }
    if (positionals === "some" && parsed.positionals.length === 0) {
      return refuse("usage", "an argument is missing; see --help");
    }
    // parseArgs checked each value against its row.
    return accept({
      values: parsed.values as OptionValues<S>,
      positionals: parsed.positionals,
    });
  } catch (error) {
    const text = error instanceof Error ? error.message.split(". ")[0] : "unreadable";
    return refuse("usage", `${text}; see --help`);
  }
}

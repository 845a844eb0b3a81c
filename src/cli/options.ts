import { parseArgs, type ParseArgsConfig } from "node:util";
import { accept, type Outcome, refuse } from "../errors.ts";
import { nearest } from "../model/nearest.ts";

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

/** `what` names the arguments in the refusal when there is none: "the name of a job". */
export type OptionRules = { readonly positionals?: Positionals; readonly what?: string };

/** Options and other arguments; a mistake is refused with `usage`, naming the option and the cure. */
export function parseOptions<const S extends OptionSpec>(
  args: readonly string[],
  options: S,
  { positionals = "none", what = "what the usage names in capitals" }: OptionRules = {},
): Outcome<{ readonly values: OptionValues<S>; readonly positionals: readonly string[] }> {
  const parsed = parseArgs({
    args: [...args],
    options,
    allowPositionals: true,
    strict: false,
    tokens: true,
  });
  for (const token of parsed.tokens) {
    const mistake = token.kind === "option" ? mistakeIn(token, options) : undefined;
    if (mistake !== undefined) return refuse("usage", `${mistake}; see --help`);
  }
  if (positionals === "none" && parsed.positionals.length > 0) {
    return refuse(
      "usage",
      `"${parsed.positionals[0]}" is one argument too many: leave it out, or see --help`,
    );
  }
  if (positionals === "some" && parsed.positionals.length === 0) {
    return refuse("usage", `an argument is missing: give ${what}; see --help`);
  }
  // Each value was checked against its row.
  return accept({
    values: parsed.values as OptionValues<S>,
    positionals: parsed.positionals,
  });
}

type OptionToken = {
  readonly name: string;
  readonly rawName: string;
  readonly value?: string | undefined;
  readonly inlineValue?: boolean | undefined;
};

function mistakeIn(
  { name, rawName, value, inlineValue }: OptionToken,
  options: OptionSpec,
): string | undefined {
  const option = Object.hasOwn(options, name) ? options[name] : undefined;
  if (option === undefined) {
    const near = nearest(name, Object.keys(options));
    return `there is no option ${rawName}${near === undefined ? "" : `: did you mean --${near}?`}`;
  }
  if (option.type === "boolean") {
    return value === undefined ? undefined : `${rawName} takes no value: leave "=${value}" out`;
  }
  const swallowed = inlineValue !== true && value?.startsWith("--") === true;
  return value === undefined || swallowed
    ? `${rawName} needs a value: write ${rawName} VALUE`
    : undefined;
}

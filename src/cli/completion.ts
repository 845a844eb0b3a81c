import { AppError } from "../errors.ts";
import { KIND_NAMES } from "../model/resource/kinds.ts";
import type { Command } from "./command.ts";
import { JOB_SUMMARIES } from "./job.ts";
import { valueOf } from "./option-value.ts";
import { parseOptions } from "./options.ts";

const USAGE = `wayfarer completion bash|zsh|fish

Prints a script that lets the shell complete commands, subcommands, options, kinds and jobs.

Example:
  source <(wayfarer completion bash)`;

/** A command with the words that may follow it. */
type Row = { readonly name: string; readonly summary: string; readonly words: readonly string[] };

const SCRIPTS: Readonly<Record<string, (rows: readonly Row[]) => string>> = { bash, zsh, fish };

/** `wayfarer completion`. `commands`: all of them, this one included. */
export function completionCommand(commands: () => readonly Command[]): Command {
  return {
    name: "completion",
    summary: "prints the completion script of a shell",
    usage: USAGE,
    run: (io) => {
      const what = Object.keys(SCRIPTS).join(", ");
      const options = parseOptions(io.args, {}, { positionals: "some", what: `one of ${what}` });
      const [shell = ""] = valueOf(options).positionals;
      const script = Object.hasOwn(SCRIPTS, shell) ? SCRIPTS[shell] : undefined;
      if (script === undefined) {
        throw new AppError("usage", `there is no completion for ${shell}: give one of ${what}`);
      }
      io.out(script(commands().map((command) => rowOf(command, commands()))));
      return Promise.resolve(0);
    },
  };
}

function rowOf({ name, summary, usage, subcommands }: Command, all: readonly Command[]): Row {
  const special: Readonly<Record<string, readonly string[]>> = {
    get: KIND_NAMES,
    delete: KIND_NAMES,
    job: Object.keys(JOB_SUMMARIES),
    help: all.map((command) => command.name),
    completion: Object.keys(SCRIPTS),
  };
  const inner = subcommands?.map((one) => one.name) ??
    [...usage.matchAll(new RegExp(`^wayfarer ${name} ([a-z]+)(?= |$)`, "gm"))].map((one) =>
      one[1] ?? ""
    );
  const options = usage.match(/--[a-z][a-z-]*/g) ?? [];
  return {
    name,
    summary,
    words: [...new Set([...inner, ...special[name] ?? [], ...options, "--json", "--help"])],
  };
}

function bash(rows: readonly Row[]): string {
  const cases = rows.map(({ name, words }) => `    ${name}) words="${words.join(" ")}" ;;`);
  return `_wayfarer() {
  local words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    words="${rows.map(({ name }) => name).join(" ")}"
  else case "\${COMP_WORDS[1]}" in
${cases.join("\n")}
  esac; fi
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _wayfarer wayfarer`;
}

function zsh(rows: readonly Row[]): string {
  const cases = rows.map(({ name, words }) => `    ${name}) compadd -- ${words.join(" ")} ;;`);
  return `#compdef wayfarer
_wayfarer() {
  if (( CURRENT == 2 )); then
    compadd -- ${rows.map(({ name }) => name).join(" ")}
    return
  fi
  case "\${words[2]}" in
${cases.join("\n")}
  esac
  _files
}
compdef _wayfarer wayfarer`;
}

function fish(rows: readonly Row[]): string {
  return rows.flatMap(({ name, summary, words }) => [
    `complete -c wayfarer -n __fish_use_subcommand -f -a ${name} -d "${
      summary.replaceAll('"', '\\"')
    }"`,
    `complete -c wayfarer -n "__fish_seen_subcommand_from ${name}" -a "${words.join(" ")}"`,
  ]).join("\n");
}

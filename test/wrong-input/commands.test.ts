import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";
import { Readable } from "node:stream";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import type { Command } from "../../src/cli/command.ts";
import { COMMANDS } from "../../src/cli/commands.ts";
import { runHere } from "../support/command-line.ts";
import { databaseSettings, useDatabase } from "../support/database.ts";
import { faultOfText } from "./advice.ts";

/** A command line of the help text, in parts, that is then made wrong. */
type Example = {
  /** `keys create`, say: a command, and its verb when it has one. */
  readonly name: string;
  readonly args: readonly string[];
  readonly usage: string;
};

/** Nobody listens there. */
const REFUSED_URL = "http://127.0.0.1:9";
/** Without a mistake they go on until they are stopped, or start servers. */
const RUN_ON = ["serve", "demo"];
/** Then a command that goes on is stopped. */
const MOST_MS = 5000;

/** What the examples of the help texts name. */
const REGION = [
  { kind: "Issuer", name: "magrathea-verification", issuer: "i", audience: "a" },
  { kind: "SigningKey", name: "mag-signer", key: "local:mag-signer", keyId: "310", version: "v1" },
  {
    kind: "ExportConfig",
    name: "mag",
    bucket: "exports",
    filenameRoot: "mag",
    period: "4h",
    outputRegion: "MAG",
    signingKeys: ["mag-signer"],
  },
];

/** The examples of a help text, without what comes before a pipe. */
function examplesIn(name: string, usage: string): readonly Example[] {
  const lines = usage.replaceAll("\\\n", " ").split("\n");
  return lines.flatMap((line) => {
    const [, rest] = /^ {2}(?:.*[|(] ?|[A-Z_]+=.* )?wayfarer ([^|>)]+)/.exec(line) ?? [];
    if (rest === undefined) return [];
    const args = [...rest.matchAll(/"([^"]*)"|(\S+)/g)].map(([, quoted, plain = ""]) =>
      (quoted ?? plain).replace(/^https?:\/\/\S+/, REFUSED_URL).replace(/^1000?$/, "2")
    );
    return [{ name, args, usage }];
  });
}

function allExamples(): readonly Example[] {
  const leaves = (prefix: string, all: readonly Command[]): readonly Example[] =>
    all.flatMap(({ name, usage, subcommands }) =>
      subcommands === undefined
        ? examplesIn(`${prefix}${name}`, usage)
        : leaves(`${prefix}${name} `, subcommands)
    );
  return leaves("", COMMANDS);
}

/** Options that a help text names, and whether they take a value. */
function optionsIn(usage: string): ReadonlyMap<string, boolean> {
  const found = new Map<string, boolean>();
  for (
    const [, name = "", value] of usage.matchAll(/(--[a-z][a-z-]*)( [A-Z][A-Z|…-]*| \d\|\d)?/g)
  ) {
    if (name === "--help" || name === "--json") continue;
    found.set(name, (found.get(name) ?? false) || value !== undefined);
  }
  return found;
}

describe("a command with wrong input", () => {
  const database = useDatabase();
  const folder = mkdtempSync(join(tmpdir(), "wrong-input-"));
  const files = {
    absent: join(folder, "absent", "file"),
    empty: join(folder, "empty"),
    binary: join(folder, "binary"),
    json: join(folder, "file.json"),
    region: join(folder, "region.json"),
  };
  let settings: Readonly<Record<string, string>> = {};

  const startedIn = process.cwd();

  beforeAll(() => {
    // Names without a folder are written to, where a command writes.
    process.chdir(folder);
    writeFileSync(files.empty, "");
    writeFileSync(files.binary, new Uint8Array(5000).map((_, index) => index * 37));
    writeFileSync(files.json, '{"kind": 1, "keys": [{"key": "x"}], "version": 2}');
    writeFileSync(files.region, JSON.stringify(REGION));
    settings = {
      ...databaseSettings(database().address),
      DATA_DIR: join(folder, "data"),
      MASTER_KEY: "AQIDBAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyA=",
      HOST: "127.0.0.1",
      PORT: "0",
      PEER_ALLOW_PRIVATE: "true",
    };
  });
  afterAll(() => {
    process.chdir(startedIn);
    rmSync(folder, { recursive: true });
  });

  /** Values that are wrong for most options and arguments. */
  const wrong = (): readonly string[] => [
    ...["", "x y", "9999999999999", "1e999", "\0", "\ud800", "\u001b[31m"],
    ...[REFUSED_URL, "http://[", "file:///etc/none", "2026-99-99T00:00:00Z"],
    ...Object.values(files),
    folder,
  ];

  /** What is wrong with how a command ends; undefined when nothing is. */
  async function faultOf(args: readonly string[]): Promise<string | undefined> {
    vi.spyOn(process, "stdin", "get")
      .mockImplementation(() => Readable.from([new Uint8Array([0, 255, 65])]) as never);
    const { status, out, err } = await runHere(args, settings, AbortSignal.timeout(MOST_MS));
    vi.restoreAllMocks();
    const fault = status === 0
      ? faultOfText(`${out}${err}: see`, args)
      : faultOfText(err === "" ? out : err, args);
    if (fault === undefined) return undefined;
    return `${JSON.stringify(args.map((arg) => arg.replace(folder, "DIR")))} ${fault}: ${status} ${
      (err + out).slice(0, 300)
    }`;
  }

  async function faultsOf(all: readonly (readonly string[])[]): Promise<readonly string[]> {
    const faults: string[] = [];
    for (const args of all) {
      const fault = await faultOf(args);
      if (fault !== undefined) faults.push(fault);
    }
    return faults;
  }

  const examples = allExamples();
  const names = [...new Set(examples.map(({ name }) => name))];

  it("has an example in each help text", () => {
    const commands = (all: readonly Command[], prefix = ""): readonly string[] =>
      all.flatMap(({ name, subcommands }) =>
        subcommands === undefined
          ? [`${prefix}${name}`]
          : commands(subcommands, `${prefix}${name} `)
      );
    expect(commands(COMMANDS).filter((name) => !names.includes(name))).toEqual([]);
  });

  it.each(names)("says what is wrong and what to do: %s", async (name) => {
    expect((await runHere(["apply", files.region, "--prune"], settings)).status).toBe(0);
    const tries: (readonly string[])[] = [];
    const words = name.split(" ");
    tries.push([...words, "--no-such-option"], [...words, "--no-such-option=x"]);
    if (!RUN_ON.includes(name)) tries.push(words);
    for (const { args, usage } of examples.filter((one) => one.name === name)) {
      for (const [option, takesValue] of optionsIn(usage)) {
        tries.push(takesValue ? [...args, option] : [...args, `${option}=x`]);
        if (!takesValue) continue;
        for (const value of wrong()) tries.push([...without(args, option), option, value]);
      }
      args.forEach((arg, at) => {
        if (at < words.length || arg.startsWith("-") || args[at - 1]?.startsWith("--")) return;
        for (const value of wrong()) tries.push(args.with(at, value));
      });
    }
    const lines = new Map(tries.map((args) => [JSON.stringify(args), args]));
    expect(await faultsOf([...lines.values()])).toEqual([]);
  }, 120_000);
});

/** Arguments without an option and its value. */
function without(args: readonly string[], option: string): readonly string[] {
  const at = args.indexOf(option);
  return at < 0 ? args : [...args.slice(0, at), ...args.slice(at + 2)];
}

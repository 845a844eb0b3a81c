import { readFile } from "node:fs/promises";
import {
  type ChangeOutcome,
  changeResources,
  type Difference,
  inKindOrder,
} from "../admin/change.ts";
import { MAX_DOCUMENT_BYTES, parseDocuments } from "../admin/documents.ts";
import { type Fault, faultsText } from "../admin/fault.ts";
import { writeFirstIndexes } from "../app/export.ts";
import { AppError } from "../errors.ts";
import type { Resource } from "../model/resource/kinds.ts";
import { commandActor } from "./actor.ts";
import type { Command, CommandIo } from "./command.ts";
import { withFoundation } from "./open.ts";
import { valueOf } from "./option-value.ts";
import { parseOptions } from "./options.ts";
import { printable } from "./printable.ts";
import { readStandardInput } from "./target.ts";

const USAGE = `wayfarer apply FILE… [--prune [--allow-empty]] [--dry-run]

Makes the configuration what the files say (YAML or JSON; "-" reads standard input), all of it or,
when there is any mistake, nothing. Prints what it changed.

  --prune         also delete every resource that the files do not name
  --allow-empty   with --prune, accept files without any resource: this deletes every resource
  --dry-run       only print what would change, with the old and new value of each member

Example:
  wayfarer apply region.yaml --dry-run`;

const FILES = { positionals: "some", what: "a YAML or JSON file" } as const;

/** `wayfarer apply`. */
export const applyCommand: Command = {
  name: "apply",
  summary: "makes the configuration what the files say",
  usage: USAGE,
  run: async (io) => {
    const options = parseOptions(io.args, {
      prune: { type: "boolean" },
      "allow-empty": { type: "boolean" },
      "dry-run": { type: "boolean" },
    }, FILES);
    if (!options.ok) throw new AppError(options.code, options.message);
    const { values, positionals } = options.value;
    const resources = await readResources(positionals);
    return await withFoundation(io, async (foundation) => {
      const { resources: store, keys, config } = foundation;
      const empties = resources.length === 0 && values.prune === true;
      if (empties && values["allow-empty"] !== true && values["dry-run"] !== true) {
        refuseEmptying((await store.all()).resources.length);
      }
      const outcome = await changeResources(store, keys, {
        actor: commandActor(),
        puts: resources,
        prune: values.prune === true,
        dryRun: values["dry-run"] === true,
        attestationDevelopment: config.attestationDevelopment,
      });
      print(io, differencesOf(outcome));
      if (values["dry-run"] !== true) await writeFirstIndexes(foundation);
      return 0;
    });
  },
};

/** A file that is empty by mistake (a failed template, a full disk) must not empty the configuration. */
function refuseEmptying(count: number): void {
  if (count === 0) return;
  throw new AppError(
    "usage",
    `the files hold no resource, so --prune would delete ${
      count === 1 ? "the only resource" : `all ${count} resources`
    }: check the files, or add --allow-empty if you mean that`,
  );
}

async function readResources(paths: readonly string[]): Promise<readonly Resource[]> {
  const resources: Resource[] = [];
  const faults: Fault[] = [];
  for (const path of paths) {
    const parsed = parseDocuments(await readText(path), path === "-" ? "standard input" : path);
    if (parsed.ok) resources.push(...parsed.resources);
    else faults.push(...parsed.faults);
  }
  if (faults.length > 0) throw new AppError("invalid_resource", faultsText(faults));
  return resources;
}

async function readText(path: string): Promise<string> {
  try {
    if (path !== "-") return await readFile(path, "utf8");
    return new TextDecoder().decode(await readStandardInput(MAX_DOCUMENT_BYTES));
  } catch (cause) {
    if (cause instanceof AppError) throw cause;
    throw new AppError("usage", `${path} cannot be read: give the path of a YAML or JSON file`, {
      cause,
    });
  }
}

const SIGN = { create: "+", replace: "~", keep: "=", delete: "-" } as const;

function print(io: CommandIo, differences: readonly Difference[]): void {
  if (io.json) {
    io.out(JSON.stringify(differences));
    return;
  }
  for (const { action, kind, name, changes = [] } of inKindOrder(differences)) {
    io.out(`${SIGN[action]} ${kind}/${name}`);
    for (const { member, before, after } of changes) {
      io.out(`    ${member}: ${valueText(before)} -> ${valueText(after)}`);
    }
  }
}

function valueText(value: unknown): string {
  if (value === undefined) return "not set";
  return typeof value === "string" ? printable(value, 200) : JSON.stringify(value).slice(0, 200);
}

const DIFF_USAGE = `wayfarer diff FILE… [--prune]

Prints what "wayfarer apply" with the same files would change, and changes nothing. Exits with 0
when that is nothing, else with 1.

  --prune   as for "apply"

Example:
  wayfarer diff region.yaml`;

/** `wayfarer diff`. */
export const diffCommand: Command = {
  name: "diff",
  summary: "prints what apply would change",
  usage: DIFF_USAGE,
  run: async (io) => {
    const options = parseOptions(io.args, { prune: { type: "boolean" } }, FILES);
    const { values, positionals } = valueOf(options);
    const puts = await readResources(positionals);
    return await withFoundation(io, async ({ resources: store, keys }) => {
      const differences = differencesOf(
        await changeResources(store, keys, {
          actor: commandActor(),
          puts,
          prune: values.prune === true,
          dryRun: true,
        }),
      ).filter(({ action }) => action !== "keep");
      print(io, differences);
      return differences.length === 0 ? 0 : 1;
    });
  },
};

function differencesOf(outcome: ChangeOutcome): readonly Difference[] {
  if (outcome.ok) return outcome.differences;
  throw new AppError(
    outcome.reason === "version" ? "version_conflict" : "invalid_resource",
    outcome.reason === "faults" ? faultsText(outcome.faults) : undefined,
  );
}
